"""A fictional city from a seed: schools, the specialties they teach, what was known of them before. No database.

Counties and catalogue are real; every school, enterprise, rating and quota is invented, and its name says so (示例…).
"""

import csv
import hashlib
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import cycle as endlessly
from random import Random

from specialty_eval import reference

from .story import PARTS, YEARS, Part, Tale, scored_year

CITY = "371400"
LEVELS = ("secondary", "associate", "bachelor")
_BASE = {"secondary": 60, "associate": 40, "bachelor": 20}
"""What the classes of a level are counted from: less it, their numbers are 1 to 19."""
FAMILIES = {1: 8, 4: 4, 6: 22, 9: 4, 10: 10, 11: 22, 12: 7, 13: 12, 14: 5, 15: 6, 17: 6, 19: 4}
"""How common a class is, by its number within the level (6: equipment manufacturing, 11: electronics and computing)."""

_WORDS = (
    "海棠", "木槿", "银杏", "青松", "白杨", "翠竹", "紫藤", "丹桂", "金菊", "红枫", "玉兰", "山楂", "石榴", "芙蓉",
    "月季", "茉莉", "芦苇", "香樟", "梧桐", "丁香", "水杉", "枣林", "杏园", "桃溪", "柳岸", "荷塘", "梅岭", "兰圃",
    "葵园", "榆林", "槐荫", "棠梨", "桑田", "麦浪", "稻香", "棉海", "橡湾", "椿庭", "楸园", "栾树", "合欢", "凌霄",
    "连翘", "迎春", "杜仲", "枸杞", "薄荷", "百合",
)  # fmt: skip
MENDED = 0.55
"""How many of those that were yellow before have mended what was wrong since."""
CAST_AT_LEAST = 60
"""Places of a specialty with a tale: what happens to it is then the tale's, and no small intake's."""
PARTNER = "示例北辰智能装备有限公司"


@dataclass(frozen=True, slots=True)
class School:
    """A fictional school; `worth` (0-100) is what its specialties have in common."""

    code: str
    scheme: str
    name: str
    kind: str
    run_by: str
    county: str
    worth: int


@dataclass(frozen=True, slots=True)
class Specialty:
    """A catalogue entry taught at a fictional school, and its opening balance.

    `round` 1-3 is when it is reviewed; `quality` 0-100 what its figures come from; `quota` of the academic year 2023;
    `earlier` the rating of the cycle before ("" for none), given for the figures of `earlier_year`.
    """

    school: str
    catalogue_code: str
    name: str
    level: str
    class_code: str
    class_name: str
    opened_on: date
    round: int
    quality: int
    quota: int
    capacity: int
    earlier: str
    partner: str = ""
    tale: Tale | None = None

    @property
    def code(self) -> str:
        """The readable code."""
        return f"{self.school}-{self.catalogue_code}"

    def quota_in(self, year: int) -> int:
        """The places of an academic year before the installation: a red of June 2023 was halved that year."""
        return self.quota * (2 if self.earlier == "red" and year < YEARS[0] - 1 else 1)

    @property
    def earlier_year(self) -> int:
        """The year that the rating before this cycle was given for."""
        return scored_year(self.round) - 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the national catalogue."""

    code: str
    name: str
    level: str
    class_code: str
    class_name: str


@dataclass(frozen=True, slots=True)
class City:
    """Everything that is there on the first day."""

    seed: int
    counties: Mapping[str, str]
    leading: Mapping[str, frozenset[int]]
    """County → the numbers of its two leading classes."""
    schools: tuple[School, ...]
    specialties: tuple[Specialty, ...]

    def told(self, tale: Tale, round_number: int) -> tuple[Specialty, ...]:
        """The specialties that this happens to in this round."""
        return tuple(s for s in self.specialties if s.tale == tale and s.round == round_number)

    def untold(self, round_number: int) -> tuple[Specialty, ...]:
        """The specialties of this round that nothing in particular happens to."""
        return tuple(s for s in self.specialties if s.tale is None and s.round == round_number)

    def school(self, code: str) -> School:
        """A school by its code."""
        return _by_code(self.schools)[code]

    @property
    def digest(self) -> str:
        """SHA-256 of its schools and specialties: whether a database holds this very city."""
        return hashlib.sha256(repr((self.schools, self.specialties)).encode()).hexdigest()


@lru_cache(maxsize=1)
def _by_code(schools: tuple[School, ...]) -> Mapping[str, School]:
    return {school.code: school for school in schools}


def catalogue() -> tuple[Entry, ...]:
    """The national catalogue that travels with the package; a K (state-controlled) is no part of a code."""
    rows = csv.DictReader(io.StringIO(reference.table("catalogue").decode("utf-8-sig")))
    return tuple(
        Entry(r["code"].rstrip("K"), r["name_zh"], _level(r["code"]), r["class_code"], r["class_zh"]) for r in rows
    )


def _level(code: str) -> str:
    return next(level for level, base in _BASE.items() if 0 < int(code[:2]) - base < 20)


def class_at(level: str, family: int) -> tuple[str, str]:
    """The code and the name of a class by its number within a level."""
    code = str(_BASE[level] + family)
    return code, next(entry.class_name for entry in catalogue() if entry.class_code == code)


def counties() -> dict[str, str]:
    """The counties and the zone of the city, code → name."""
    return {code: name for code, name, _, parent in areas() if parent == CITY}


def areas() -> tuple[tuple[str, str, str, str | None], ...]:
    """Every area that travels with the package: code, name, kind, parent."""
    rows = csv.DictReader(io.StringIO(reference.table("jurisdictions").decode("utf-8-sig")))
    return tuple((r["code"], r["name"], r["kind"], r["parent_code"] or None) for r in rows)


def make(seed: int, *, schools: int = 40, specialties: int = 320) -> City:
    """The city of a seed. At least eight schools, and specialties enough for every tale to have its own."""
    if schools < 8 or specialties < len(PARTS) + 6:
        raise ValueError("too small a city for the story")
    random = Random(f"specialty-eval demo {seed}")  # noqa: S311 -- a story, not a secret
    names = counties()
    leading = {code: frozenset(random.sample((1, 6, 9, 10, 11, 12, 13), 2)) for code in names}
    made = _schools(random, list(names), schools)
    taught = _taught(random, made, specialties)
    county_run = {s.code for s in made if s.run_by == "county"}
    return City(seed, names, leading, made, _cast(random, taught, county_run))


def _schools(random: Random, districts: Sequence[str], number: int) -> tuple[School, ...]:
    """Of 40: 26 secondary, 6 technician, 5 colleges, 3 universities; the city runs the latter and two more."""
    universities, colleges, technicians = max(1, number * 3 // 40), max(1, number // 8), max(1, number * 6 // 40)
    words = random.sample(_WORDS, len(_WORDS))
    county = endlessly(random.sample(districts, len(districts)))
    made = []
    for n in range(number):
        if n < universities:
            made.append(("vocational_university", "education", f"41370{99901 + n}", "示例{}职业技术大学", "city"))
        elif n < universities + colleges:
            made.append(("college", "education", f"41370{99921 + n}", "示例{}职业技术学院", "city"))
        elif n < universities + colleges + technicians:
            title = "示例{}技师学院" if n % 2 else "示例{}技工学校"
            made.append(("technician", "human_resources", f"SLJG{3714000 + n}", title, "county"))
        else:
            run_by = "city" if n in {number - 1, number - 2} else "county"
            made.append(("secondary", "education", f"3637{990001 + n}", "示例{}职业中等专业学校", run_by))
    return tuple(
        School(code, scheme, title.format(_word(words, n)), kind, run_by, next(county), random.randint(36, 84))
        for n, (kind, scheme, code, title, run_by) in enumerate(made)
    )


def _word(words: Sequence[str], n: int) -> str:
    """A name of its own for each school, however many there are."""
    again = n // len(words)
    return words[n % len(words)] + ("" if again == 0 else f"第{again + 1}")


_SIZE = {"secondary": 7, "technician": 6, "college": 14, "vocational_university": 16}
"""How many specialties a school of a kind teaches, in proportion."""
_TAUGHT = {"college": ("associate",), "vocational_university": ("bachelor", "associate")}


def _taught(random: Random, schools: Sequence[School], number: int) -> list[Specialty]:
    """So many specialties over the schools, common entries at many; rounds spread over each school."""
    offered = _popular(random)
    share = sum(_SIZE[s.kind] for s in schools)
    found: list[Specialty] = []
    for i, school in enumerate(schools):
        left = number - len(found)
        wanted = left if i == len(schools) - 1 else max(2, round(number * _SIZE[school.kind] / share))
        found.extend(_of_school(random, school, offered, min(wanted, left - 2 * (len(schools) - 1 - i))))
    return found


def _popular(random: Random) -> dict[str, list[tuple[Entry, float]]]:
    """Level → entries with how likely a school is to teach them."""
    weighted: dict[str, list[tuple[Entry, float]]] = {level: [] for level in LEVELS}
    entries = catalogue()
    for level in LEVELS:
        for family, weight in FAMILIES.items():
            of_class = [e for e in entries if e.class_code == str(_BASE[level] + family)]
            for rank, entry in enumerate(random.sample(of_class, len(of_class))):
                weighted[level].append((entry, weight / (rank + 1.5) ** 1.3))
    return weighted


def _of_school(
    random: Random, school: School, offered: Mapping[str, list[tuple[Entry, float]]], number: int
) -> list[Specialty]:
    levels = _TAUGHT.get(school.kind, ("secondary",))
    first_round = random.randrange(3)
    found: list[Specialty] = []
    for k in range(number):
        level = levels[k % len(levels)]
        taken = {s.catalogue_code for s in found}
        open_ = [(e, w) for e, w in offered[level] if e.code not in taken]
        entry = random.choices([e for e, _ in open_], [w for _, w in open_])[0]
        found.append(_specialty(random, school, entry, (first_round + k) % 3 + 1))
    return found


def _specialty(random: Random, school: School, entry: Entry, round_number: int) -> Specialty:
    quality = _within(school.worth + random.gauss(3, 17))
    quota = random.randrange(30, 125, 5)
    earlier = _earlier(_within(quality + random.gauss(6, 14)), round_number)
    if earlier == "yellow" and random.random() < MENDED:
        quality = _within(random.gauss(74, 8))
    return Specialty(
        school=school.code,
        catalogue_code=entry.code,
        name=entry.name,
        level=entry.level,
        class_code=entry.class_code,
        class_name=entry.class_name,
        opened_on=date(random.randint(2003, 2017), 9, 1),
        round=round_number,
        quality=quality,
        quota=quota,
        capacity=quota * (2 if earlier == "red" else 1) + random.randrange(0, 45, 5),
        earlier=earlier,
    )


def _within(quality: float) -> int:
    return round(min(98, max(4, quality)))


def _earlier(quality: int, round_number: int) -> str:
    """What the cycle before said of a specialty of that quality. Those it rated red before 2023 are closed by now."""
    if quality >= 47:
        return "green"
    return "red" if quality < 28 and round_number == len(YEARS) else "yellow"


def _cast(random: Random, taught: Sequence[Specialty], county_run: Collection[str]) -> tuple[Specialty, ...]:
    """Give each tale a specialty of its own: another school's each time where there are enough."""
    cast = list(taught)
    free = random.sample(range(len(cast)), len(cast))
    seen: dict[str, int] = {}
    for part in PARTS:
        able = [i for i in free if _can_play(part, cast[i], county_run)]
        here = min(able, key=lambda i: (_prefers_not(part, cast[i]), seen.get(cast[i].school, 0), free.index(i)))
        free.remove(here)
        seen[cast[here].school] = seen.get(cast[here].school, 0) + 1
        cast[here] = _plays(cast[here], part)
    return tuple(cast)


OF_COUNTIES = frozenset({Tale.RETURNED_TWICE, Tale.TAKEN_OVER})
"""What happens in a county's verification happens to a school that a county runs."""


def _can_play(part: Part, specialty: Specialty, county_run: Collection[str]) -> bool:
    if part.tale == Tale.OFF_CATALOGUE:
        return specialty.level == "associate"
    return part.tale not in OF_COUNTIES or specialty.school in county_run


def _prefers_not(part: Part, specialty: Specialty) -> tuple[bool, bool]:
    """Most tales are secondary schools' of that very round, as long as there are any."""
    is_secondary = specialty.level == "secondary" and not specialty.school.startswith("SLJG")
    return part.tale != Tale.OFF_CATALOGUE and not is_secondary, specialty.round != part.round


def _plays(specialty: Specialty, part: Part) -> Specialty:
    """The specialty as its tale needs it."""
    cast = replace(specialty, tale=part.tale, round=part.round)
    if part.quality is not None:
        cast = replace(cast, quality=part.quality)
    earlier = _earlier(cast.quality, part.round) if part.earlier is None else part.earlier
    quota = max(cast.quota, CAST_AT_LEAST)
    capacity = max(cast.capacity, quota * (2 if earlier == "red" else 1) + 20)
    cast = replace(cast, earlier=earlier, quota=quota, capacity=capacity)
    if part.tale == Tale.NEWCOMER:
        return replace(cast, opened_on=date(scored_year(part.round) - 2, 9, 1), earlier="")
    if part.tale == Tale.OFF_CATALOGUE:
        return replace(cast, catalogue_code="X90001", name="示例智能网联装备运维（目录外）", partner=PARTNER)
    return cast
