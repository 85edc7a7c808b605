"""Every specialty's figures of a year, from the seed, the approved quota and the years before. As written.

What a tale changes about them (a veto, a gap, three years without intake) is here too; how they are handed in is not.
"""

from collections import Counter
from collections.abc import Mapping
from random import Random

from .city import City, Specialty
from .story import FIRST_FIGURES, Tale, scored_year

Year = Mapping[str, Mapping[str, str]]
"""Specialty code → measure → value as written."""

GRADUATE_AFTER = {"secondary": 3, "associate": 3, "bachelor": 4}
SCHOOL = frozenset({
    "admitted", "intake", "students", "specialty_teachers", "dual_qualified_teachers", "midlevel_teachers",
    "practised_teachers", "new_teachers", "new_experienced_teachers", "school_teachers", "school_specialty_teachers",
    "part_time_teachers", "total_hours", "practice_hours", "equipment_value", "certificate_candidates",
    "certificates_obtained", "apprenticeship", "joint_resources", "partner_posts", "graduates", "destined", "employed",
    "freelance", "further_study", "matched_employed", "local_employed", "contest_award",
})  # fmt: skip
"""What the school reports; the others' measures stand beside it."""
FEW = 8
"""So small a class entered that its graduates are too few to be shown."""
VOTED_UP = frozenset({Tale.OVERRIDDEN, Tale.TIED})
"""What a vote makes better: it meets the targets below which none could."""
AT_MOST_A_TEACHER = 19
"""Students a teacher of these: crowded, with one more warning, they would be capped too."""


def of_year(city: City, year: int, quotas: Mapping[str, int], before: Mapping[int, Year]) -> dict[str, dict[str, str]]:
    """The year's figures of every specialty open by its end; `before` are those of the years before, by year.

    `quotas` are the places of that year, of every specialty.
    """
    posts, shortage = _demand(city)
    found = {}
    for specialty in city.specialties:
        if specialty.opened_on.year <= year:
            quota = quotas[specialty.code]
            own = _of_one(city, specialty, year, quota, before)
            own["on_shortage_list"] = _flag(specialty.catalogue_code in shortage)
            found[specialty.code] = own
    graduates: Counter[str] = Counter()
    for specialty in city.specialties:
        if specialty.code in found:
            graduates[specialty.catalogue_code] += int(found[specialty.code]["graduates"])
    for specialty in city.specialties:
        if specialty.code in found:
            entry = specialty.catalogue_code
            found[specialty.code]["city_posts"] = str(graduates[entry] * posts[entry] // 100)
    return found


def quality_in(specialty: Specialty, year: int) -> int:
    """What the specialty is worth in a year: tales of decline and recovery move it."""
    if specialty.tale == Tale.RECOVERS and year > scored_year(specialty.round):
        return 68
    drift = Random(f"{specialty.code} {year}").randint(-4, 4)  # noqa: S311 -- a story, not a secret
    return min(98, max(3, specialty.quality + drift))


def _demand(city: City) -> tuple[dict[str, int], frozenset[str]]:
    """Entry → posts for a hundred graduates, and the entries on the shortage list."""
    random = Random(f"demand {city.seed}")  # noqa: S311 -- a story, not a secret
    entries = sorted({s.catalogue_code for s in city.specialties})
    posts = {entry: random.randint(55, 240) for entry in entries}
    return posts, frozenset(entry for entry in entries if posts[entry] > 165)


def _of_one(city: City, specialty: Specialty, year: int, quota: int, before: Mapping[int, Year]) -> dict[str, str]:
    random = Random(f"{city.seed} {specialty.code} {year}")  # noqa: S311 -- a story, not a secret
    quality = quality_in(specialty, year)
    counts = _students(random, specialty, year, quality, quota, before)
    numbers = counts | _teachers(random, city, specialty, quality, counts["students"])
    numbers |= _teaching(random, quality, counts, specialty.tale) | _graduates(random, quality, counts["graduates"])
    figures = {measure: str(number) for measure, number in numbers.items()}
    figures |= _words(random, city, specialty, quality)
    return figures | _of_tale(specialty, year)


def _share(random: Random, whole: int, percent: float, spread: float = 4) -> int:
    """So many per cent of a number of people, give or take, never more than all."""
    return max(0, min(whole, round(whole * (percent + random.uniform(-spread, spread)) / 100)))


def _between(low: float, high: float, quality: int) -> float:
    """A value as far between two as the quality is between 0 and 100."""
    return low + (high - low) * quality / 100


def _students(
    random: Random, specialty: Specialty, year: int, quality: int, quota: int, before: Mapping[int, Year]
) -> dict[str, int]:
    intake = _share(random, quota, _between(42, 112, quality))
    if specialty.tale == Tale.NO_INTAKE and year > scored_year(specialty.round) - 3:
        intake = 0
    if _is_few(specialty, year):
        intake = FEW
    admitted = max(intake, round(intake * 100 / (_between(74, 99, quality) + random.uniform(-3, 1))))

    def taken_in(earlier: int) -> int:
        """The intake of an earlier year: on record, or as it must have been."""
        if earlier < specialty.opened_on.year:
            return 0
        if _is_few(specialty, earlier):
            return FEW
        known = before.get(earlier, {}).get(specialty.code)
        return int(known["intake"]) if known else round(specialty.quota * _between(45, 105, specialty.quality) / 100)

    length = GRADUATE_AFTER[specialty.level]
    earlier = [taken_in(year - back) for back in range(1, length)]
    return {
        "plan_places": quota,
        "admitted": admitted,
        "intake": intake,
        "students": intake + sum(round(n * 0.96) for n in earlier),
        "graduates": round(taken_in(year - length) * 0.93),
    }


def _is_few(specialty: Specialty, year: int) -> bool:
    """Whether the class that entered then is the small one, which graduates in the scored year."""
    graduates = year + GRADUATE_AFTER[specialty.level]
    return specialty.tale == Tale.FEW_GRADUATES and graduates == scored_year(specialty.round)


def _teachers(random: Random, city: City, specialty: Specialty, quality: int, students: int) -> dict[str, int]:
    teachers = max(2, round(students / (_between(27, 14, quality) + random.uniform(-1, 1))))
    if specialty.tale in VOTED_UP:
        teachers = max(teachers, -(-students // AT_MOST_A_TEACHER))
    new = random.choice((0, 0, 1, 1, 2))
    of_school = Random(f"{city.seed} {specialty.school} teachers")  # noqa: S311 -- a story, not a secret
    school_teachers = of_school.randint(60, 240)
    worth = city.school(specialty.school).worth
    dual = _share(random, teachers, _between(34, 98, quality))
    if quality >= 66 or specialty.tale in VOTED_UP:  # whoever is that good has met the target
        dual = max(dual, -(-teachers * 7 // 10))
    return {
        "specialty_teachers": teachers,
        "dual_qualified_teachers": dual,
        "midlevel_teachers": min(teachers, max(2 if quality >= 30 else 1, _share(random, teachers, 45))),
        "practised_teachers": _share(random, teachers, _between(55, 104, quality)),
        "new_teachers": new,
        "new_experienced_teachers": sum(random.randrange(100) < quality + 12 for _ in range(new)),
        "school_teachers": school_teachers,
        "school_specialty_teachers": _share(of_school, school_teachers, _between(48, 72, worth)),
        "part_time_teachers": _share(random, teachers, _between(8, 26, quality)),
    }


def _teaching(random: Random, quality: int, counts: Mapping[str, int], tale: Tale | None) -> dict[str, int]:
    hours = random.randrange(980, 1180, 20)
    percent = _between(41, 58, quality) + random.uniform(-2, 2)
    candidates = _share(random, counts["graduates"], _between(30, 80, quality))
    if quality >= 64 or tale in VOTED_UP:  # below the target no vote makes it green
        percent = max(percent, 50.5)
    return {
        "total_hours": hours,
        "practice_hours": round(hours * percent / 100),
        "equipment_value": counts["students"] * round(_between(1100, 4300, quality) + random.uniform(-250, 250)),
        "certificate_candidates": candidates,
        "certificates_obtained": _share(random, candidates, _between(48, 95, quality)),
        "joint_resources": sum(random.randrange(100) < quality for _ in range(4)),
        "partner_posts": round(_between(2, 34, quality) * random.uniform(0.7, 1.2)),
    }


def _graduates(random: Random, quality: int, graduates: int) -> dict[str, int]:
    destined = _share(random, graduates, _between(47, 103, quality), 3)
    study = _share(random, destined, _between(12, 36, quality))
    employed = destined - study
    surveyed = 0 if employed == 0 else random.randint(4, 18)
    taken = _share(random, graduates, 96)
    return {
        "destined": destined,
        "further_study": study,
        "employed": employed,
        "freelance": _share(random, employed, _between(26, 6, quality), 6),
        "matched_employed": _share(random, employed, _between(38, 84, quality)),
        "local_employed": _share(random, employed, _between(36, 72, quality)),
        "skill_test_taken": taken,
        "skill_test_passed": _share(random, taken, _between(66, 99, quality)),
        "employers_surveyed": surveyed,
        "employers_satisfied": _share(random, surveyed, _between(64, 98, quality)),
        "training_persons": round(_between(20, 380, quality) * random.uniform(0.6, 1.2)),
    }


def _words(random: Random, city: City, specialty: Specialty, quality: int) -> dict[str, str]:
    leads = int(specialty.class_code) % 20 in city.leading[city.school(specialty.school).county]
    awards = ("none", "none", "city", "city", "province", "province", "nation")
    return {
        "leading_industry": _flag(leads),
        "apprenticeship": _flag(random.randrange(100) < quality - 8),
        "contest_award": awards[min(6, max(0, quality // 16 + random.randint(-1, 1)))],
        "internship_conduct": "minor_breach" if random.randrange(100) > quality + 30 else "compliant",
        "enrolled_without_filing": "false",
        "false_data": "false",
    }


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _of_tale(specialty: Specialty, year: int) -> dict[str, str]:
    """What a tale puts on record for the scored year."""
    if year != scored_year(specialty.round):
        return {}
    if specialty.tale in {Tale.UNFILED, Tale.APPEAL_UPHELD}:
        return {"enrolled_without_filing": "true"}
    if specialty.tale == Tale.FALSE_DATA:
        return {"false_data": "true"}
    return {}


def opening(city: City) -> dict[int, Year]:
    """The years before the first round's, with the opening quotas: what an installation brings along."""
    known: dict[int, Year] = {}
    for year in range(FIRST_FIGURES, scored_year(1) + 1):
        known[year] = of_year(city, year, {s.code: s.quota_in(year) for s in city.specialties}, known)
    return known


def panel_score(specialty: Specialty, leads: bool, year: int, expert: int) -> str:
    """What one expert gives the specialty's fit with the leading industries, 0-100."""
    random = Random(f"{specialty.code} {year} {expert}")  # noqa: S311 -- a story, not a secret
    return str(
        round(min(98, max(20, _between(38, 92, specialty.quality) + (6 if leads else -6) + random.randint(-7, 7))))
    )
