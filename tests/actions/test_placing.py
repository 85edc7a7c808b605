"""Placing specialties in a cycle's rounds: only what the bureau may rate, and only its own."""

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

import numbering
from factories import CITY, City, make_city, make_organisation, make_specialty
from factories_deliberation import nothing_left, refused
from small_policy import POLICY
from specialty_eval.actions import cycles, rounds, successions
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.cycle import CycleEvent, RoundEvent
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.store import numbers
from specialty_eval.store.cycles import Cycle, Round
from specialty_eval.store.registry import CatalogueEntry, Jurisdiction, School, Specialty, SpecialtyCode
from specialty_eval.store.reviews import Review

ELSEWHERE = "371500"


def draft(city: City, *years: int) -> Cycle:
    """A draft cycle of secondary specialties at secondary schools, with a round in each of these years."""
    policy, _ = cycles.import_policy(city.as_("policy-editor"), POLICY)
    rounds = [cycles.NewRound(year, year - 1, date(year, 1, 1), policy.policy_id, policy.policy_version)
              for year in years]  # fmt: skip
    new = cycles.NewCycle("示例-2026", "示例周期", CITY, ["secondary"], ["secondary"], rounds)
    return cycles.create(city.as_("secretary"), new)


def taught(city: City, area: str, code: str, *, kind: str = "secondary", opened_on: date = date(2015, 9, 1)) -> str:
    """A specialty at a new school of that area and kind; its code."""
    session = city.session
    at = session.get_one(Jurisdiction, area)
    key = make_organisation(session, kind="school", code=code, name=f"示例学校{code}", area=area)
    session.add(School(id=key, code=code, scheme="education", name=f"示例学校{code}", kind=kind, run_by="county",
                       jurisdiction_code=area, city_code=at.parent_code or ""))  # fmt: skip
    session.flush()
    entry = session.scalars(sa.select(CatalogueEntry).order_by(CatalogueEntry.id)).first()
    assert entry is not None
    return make_specialty(session, school_id=key, entry=entry, opened_on=opened_on)[1]


def add_other_city(session: Session) -> None:
    session.add(Jurisdiction(code=ELSEWHERE, name="示例二市", kind="city", parent_code="370000"))
    session.flush()
    session.add(Jurisdiction(code="371502", name="示例三区", kind="county", parent_code=ELSEWHERE))
    session.flush()


@pytest.fixture
def city(session: Session) -> City:
    return make_city(session)


def place(city: City, made: Cycle, rounds: dict[str, int]) -> dict[int, int]:
    return cycles.place(city.as_("secretary"), made.id, rounds)


def test_nobody_places_what_is_not_theirs_to_rate(city: City) -> None:
    add_other_city(city.session)
    made = draft(city, 2026)
    foreign = taught(city, "371502", "3637990099")
    technician = taught(city, "371402", "3637990001", kind="technician")
    young = taught(city, "371402", "3637990002", opened_on=date(2026, 1, 2))
    associate = city.codes["one-b"]
    row = city.session.get_one(Specialty, city.specialties["one-b"])
    row.level = "associate"
    city.session.flush()

    with nothing_left(city.session):
        wanted = dict.fromkeys([*city.codes.values(), foreign, technician, young, "unheard-of"], 1)
        assert sorted(refused(Invalid, lambda: place(city, made, wanted))) == sorted([
            ("not-found", "specialties.unheard-of"),
            ("not-found", f"specialties.{foreign}"),
            ("specialty-not-in-scope", f"specialties.{technician}"),
            ("specialty-not-in-scope", f"specialties.{associate}"),
            ("specialty-not-open", f"specialties.{young}"),
        ])  # fmt: skip
    assert city.session.scalar(sa.select(sa.func.count()).select_from(Review)) == 0


def test_a_specialty_waits_for_the_round_whose_reference_date_it_is_open_on(city: City) -> None:
    made = draft(city, 2026, 2027)
    young = taught(city, "371402", "3637990002", opened_on=date(2026, 1, 2))
    closed = city.codes["one-b"]
    city.session.get_one(Specialty, city.specialties["one-b"]).closed_on = date(2026, 12, 31)
    city.session.flush()

    with nothing_left(city.session):
        assert refused(Invalid, lambda: place(city, made, {young: 1, closed: 2})) == [
            ("specialty-not-open", f"specialties.{closed}"),
            ("specialty-not-open", f"specialties.{young}"),
        ]
    rest = {code: 1 for code in city.codes.values() if code != closed}
    assert place(city, made, {**rest, closed: 1, young: 2}) == {1: 4, 2: 1}


def test_a_cycle_does_not_wait_for_what_no_round_of_it_can_take(city: City) -> None:
    """Taught on the cycle's first day, and no more on the reference date of its only round."""
    made = draft(city, 2026)
    round_ = cycles.facts_of_cycle(city.as_("secretary"), made)
    assert len(round_.unplaced) == 4
    city.session.get_one(Specialty, city.specialties["one-b"]).closed_on = date(2026, 1, 2)
    city.session.execute(sa.text("update round set reference_date = '2026-03-01'"))
    city.session.flush()
    place(city, made, {code: 1 for short, code in city.codes.items() if short != "one-b"})
    assert cycles.move(city.as_("secretary"), made.id, CycleEvent.START).state == "running"


# --- in the middle of a cycle -----------------------------------------------------------------------------------------

ATTRIBUTES = "attributes:\n  years_open: {type: integer, label: {zh: 开设年数}}\nmeasures:\n"
AGED = POLICY.replace("measures:\n", ATTRIBUTES, 1).replace(
    "rating:\n", "rating:\n  unrated: [{code: new, when: {attribute: years_open, below: 1}, label: {zh: 新设}}]\n", 1
)  # fmt: skip


def running(city: City, *years: int) -> Cycle:
    """A running cycle whose policy rates nothing in its first year, everything there is placed in its first round."""
    policy, _ = cycles.import_policy(city.as_("policy-editor"), AGED)
    named = [cycles.NewRound(year, year - 1, date(year, 1, 1), policy.policy_id, policy.policy_version)
             for year in years]  # fmt: skip
    new = cycles.NewCycle("示例-2026", "示例周期", CITY, ["secondary"], ["secondary"], named)
    made = cycles.create(city.as_("secretary"), new)
    place(city, made, dict.fromkeys(city.codes.values(), 1))
    return cycles.move(city.as_("secretary"), made.id, CycleEvent.START)


def collect(city: City, made: Cycle, number: int) -> set[str]:
    """Open a round; the codes in it."""
    key = city.session.scalars(sa.select(Round.id).where(Round.cycle_id == made.id, Round.number == number)).one()
    city.now = datetime(2025 + number, 1, 8, 1, tzinfo=UTC)
    rounds.move(city.as_("secretary"), key, RoundEvent.COLLECT, reason="示例")
    found = sa.select(SpecialtyCode.code).join(Review, Review.specialty_id == SpecialtyCode.specialty_id)
    return set(city.session.scalars(found.where(Review.round_id == key, Review.state == "open")))


def test_what_opens_in_the_middle_joins_the_next_round_that_rates_one_of_its_age(city: City) -> None:
    made = running(city, 2026, 2027, 2028)
    first = collect(city, made, 1)
    assert first == set(city.codes.values())
    new = taught(city, "371402", "3637000021", opened_on=date(2026, 9, 1))
    late = taught(city, "371402", "3637000022", opened_on=date(2027, 9, 1))
    college = taught(city, "371402", "3637000023", kind="college", opened_on=date(2026, 9, 1))

    assert collect(city, made, 2) == set()
    assert collect(city, made, 3) == {new}
    assert {late, college} & first == set()
    facts = cycles.facts_of_cycle(city.as_("secretary"), made)
    assert facts.unplaced == ()


def test_a_part_split_off_joins_the_next_round_too_and_nothing_joins_twice(city: City) -> None:
    made = running(city, 2026, 2027)
    city.now = datetime(2026, 1, 5, 1, tzinfo=UTC)
    one = city.codes["one-a"]
    proposal = NewSuccession(Subject.SPECIALTY, Act.SPLIT, city.now.date(), "示例：分设", "示例教〔2026〕5号",
                             (Wanted(one, direction="机器人"),))  # fmt: skip
    split = successions.propose(city.as_("secretary"), proposal)
    successions.record(city.as_("bureau-approver"), split.id)

    assert collect(city, made, 1) == {*city.codes.values(), f"{one}-机器人"}
    assert collect(city, made, 2) == set()


def test_whoever_is_placed_by_hand_stays_where_the_secretary_put_it(city: City) -> None:
    made = running(city, 2026, 2027, 2028)
    new = taught(city, "371402", "3637000021", opened_on=date(2026, 9, 1))
    collect(city, made, 1)
    place(city, made, {new: 2})
    assert collect(city, made, 2) == {new}
    assert collect(city, made, 3) == set()


def neighbours_tell(numbers: dict[int, str], public: dict[int, str]) -> int:
    """Of how many reviews both public neighbours by number are of one school, and rightly so."""
    told = sorted(public)
    right = 0
    for number, school in numbers.items():
        below = [public[one] for one in told if one < number][-1:]
        above = [public[one] for one in told if one > number][:1]
        right += below == above == [school]
    return right


def test_no_review_tells_its_school_by_its_number_also_beside_those_that_are_published(city: City) -> None:
    """Whoever knew every other school by its number found seven of ten while numbers were counted."""
    numbering.drawn(city.session.connection())
    numbers.draw_by(city.session, "示例")
    made = draft(city, 2026)
    entry = city.session.scalars(sa.select(CatalogueEntry).order_by(CatalogueEntry.id)).first()
    assert entry is not None
    codes: dict[str, str] = {}
    for number in range(10):
        school = f"36370001{number:02}"
        codes[taught(city, "371402", school)] = school
        key = city.session.scalars(sa.select(School.id).where(School.code == school)).one()
        for n in range(9):
            row = Specialty(school_id=key, catalogue_entry_id=entry.id, catalogue_code=entry.code, direction=f"{n}",
                            name=entry.name, level=entry.level, class_code=entry.class_code,
                            class_name=entry.class_name, partner="", opened_on=date(2015, 9, 1))  # fmt: skip
            city.session.add(row)
            city.session.flush()
            city.session.add(SpecialtyCode(code=f"{school}-{entry.code}-{n}", specialty_id=row.id,
                                           valid_from=row.opened_on))  # fmt: skip
            codes[f"{school}-{entry.code}-{n}"] = school
    late = dict(list(codes.items())[::10])
    place(city, made, dict.fromkeys([code for code in codes if code not in late], 1))
    before = set(city.session.scalars(sa.select(Review.id)))
    place(city, made, dict.fromkeys(late, 1))

    rows = city.session.execute(
        sa.select(Review.id, SpecialtyCode.code)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == Review.specialty_id)
        .order_by(Review.turn)
    ).all()
    schools = {row.id: codes[row.code] for row in rows}
    turns = dict(enumerate(schools.values()))
    halves = [dict(list(of.items())[::2]) for of in (schools, turns)]
    hidden = [dict(list(of.items())[1::2]) for of in (schools, turns)]

    assert neighbours_tell(hidden[1], halves[1]) > 30  # counted, they would
    assert neighbours_tell(hidden[0], halves[0]) < 6  # a twentieth by chance
    joined = set(schools) - before
    assert len(joined) == len(late) == 10
    assert min(joined) < max(before)  # nor does it tell what joined later
