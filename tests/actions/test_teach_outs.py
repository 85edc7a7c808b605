"""Who is enrolled is taught out, and nobody new comes into a stopped specialty; it can come back."""

from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import approved, events, lines, make_confirmed, on, quotas, standings
from factories_deliberation import Sitting, refused
from remembered import remembered_fixture
from specialty_eval.actions import closings, cycles, rectifications, status, successions, teach_outs
from specialty_eval.actions.paging import Page
from specialty_eval.actions.rectifications import Milestone, Proof
from specialty_eval.actions.standings import begin_year
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.store.cycles import Cycle
from specialty_eval.store.outcomes import EnrolmentPlan, Rectification
from specialty_eval.store.reviews import Figure


@remembered_fixture
def s(session: Session) -> Sitting:
    """A red one: 50 places in 2026, none in 2027, and suspended since then."""
    s = make_confirmed(session)
    for year in (2026, 2027):
        approved(on(s, year, 6, 1), year)
        begin_year(on(s, year, 9, 1).as_("planner"), year)
    return s


def count(s: Sitting, cohorts: dict[int, int], reason: str = "", who: str = "head-city") -> object:
    return teach_outs.count(s.as_(who), s.city.codes["city-a"], cohorts, reason)


def admission(s: Sitting, year: int, students: int = 1) -> tuple[object, list[str]]:
    told, problems = teach_outs.admission(s.city.nobody(), s.city.codes["city-a"], year, students)
    return told["quota"], [problem.code for problem in problems]


def test_nobody_new_is_enrolled_in_a_year_without_places(s: Sitting) -> None:
    assert standings(s)["city-a"] == "suspended"
    assert admission(s, 2026, 50) == (50, [])
    assert admission(s, 2026, 51) == (50, ["intake-above-quota"])
    assert admission(s, 2027) == (0, ["enrolment-stopped"])
    assert admission(s, 2028) == (None, ["plan-not-approved"])
    assert refused(Invalid, lambda: count(s, {2025: 90, 2026: 48, 2027: 3})) == [("enrolment-stopped", "cohorts.2027")]


def test_who_enrolled_all_the_same_is_told_to_those_who_plan(s: Sitting) -> None:
    s.session.add_all(
        Figure(specialty_id=s.city.specialties[short], year=2027, measure="intake", value=value, supplier="school",
               source="示例", recorded_at=s.city.now)
        for short, value in (("city-a", "3"), ("one-a", "40"), ("one-b", "未报"))
    )  # fmt: skip
    s.session.flush()
    plan = s.session.scalars(sa.select(EnrolmentPlan).where(EnrolmentPlan.academic_year == 2027)).one()

    [row] = teach_outs.breaches(s.as_("planner"), plan, Page(9))[0]

    assert (row["code"], row["quota"], row["intake"], row["stopped"]) == (s.city.codes["city-a"], 0, "3", True)


def test_the_cohorts_are_counted_until_the_last_student_has_left(s: Sitting) -> None:
    count(s, {2025: 90, 2026: 48}, who="head-city")
    assert [code for code, _ in refused(Invalid, lambda: count(s, {2026: 50}))] == ["cohort-grew", "cohort-missing"]
    count(s, {2025: 0, 2026: 49}, "示例：一人复学")

    told = teach_outs.read(s.as_("secretary"), s.city.codes["city-a"])
    assert (told["students"], [one["students"] for one in told["counts"]]) == (49, [138, 49])
    assert [(row["code"], row["students"]) for row in teach_outs.listing(s.as_("planner"), Page(9))[0]] == [
        (s.city.codes["city-a"], 49)
    ]
    assert [e.audience for e in events(s, "teach_out.count")] == ["school", "school"]
    assert refused(Invalid, lambda: count(s, {})) == [
        ("cohorts-missing", "cohorts"), ("cohort-missing", "cohorts.2026"),
    ]  # fmt: skip


def test_no_cohort_is_larger_than_what_is_known_to_have_entered_unless_somebody_says_why(s: Sitting) -> None:
    assert refused(Invalid, lambda: count(s, {2025: 999, 2026: 51})) == [("cohort-above-intake", "cohorts.2026")]
    s.session.add(Figure(specialty_id=s.city.specialties["city-a"], year=2025, measure="intake", value="40",
                         supplier="school", source="示例", recorded_at=s.city.now))  # fmt: skip
    s.session.flush()
    with pytest.raises(Invalid) as refusal:
        count(s, {2025: 999, 2026: 48})
    [problem] = refusal.value.problems
    assert (problem.code, problem.facts) == ("cohort-above-intake", {"known": 40, "students": 999})
    count(s, {2025: 41, 2026: 48}, "示例：一人转入")


def test_nobody_closes_it_while_the_schools_own_count_finds_students(s: Sitting) -> None:
    count(s, {2025: 90, 2026: 48})
    close = partial(closings.close, s.as_("head-city"), s.city.codes["city-a"], "示例：专业调整", 0)
    assert refused(NotNow, close) == [("students-enrolled", "students")]

    count(on(s, 2029, 7, 20), {2025: 0, 2026: 0})
    close()
    assert standings(s)["city-a"] == "closed"


def test_a_suspended_specialty_stays_in_scope_until_its_last_student_has_left(s: Sitting) -> None:
    made = s.session.scalars(sa.select(Cycle)).one()
    before = cycles.facts_of_cycle(s.as_("secretary"), made).in_scope
    count(s, {2025: 90, 2026: 48})
    assert cycles.facts_of_cycle(s.as_("secretary"), made).in_scope == before

    count(on(s, 2029, 7, 20), {2025: 0, 2026: 0})
    assert cycles.facts_of_cycle(s.as_("secretary"), made).in_scope == before - 1


def test_nobody_else_counts_or_sees_it(s: Sitting) -> None:
    count(s, {2025: 90})
    for who in ("head-one", "county-one", "expert-1", "nobody"):
        refused(NotYou, partial(count, s, {2025: 80}, who=who))
        refused(NotFound, partial(teach_outs.read, s.as_(who), s.city.codes["city-a"]))
    refused(NotYou, partial(count, s, {2025: 80}, who="secretary"))


def test_a_suspended_specialty_that_mended_comes_back_with_its_part_of_the_quota(s: Sitting) -> None:
    head, approver = s.as_("head-city"), s.as_("bureau-approver")
    mending = sa.select(Rectification).where(Rectification.review_id == s.reviews["city-a"])
    key = s.session.scalars(mending.with_only_columns(Rectification.id)).one()
    s.session.execute(sa.update(Rectification).where(Rectification.id == key).values(
        plan_due=on(s, 2027, 12, 1).city.now, recheck_from=s.city.now.date()))  # fmt: skip
    s.session.expire_all()
    head, approver = s.as_("head-city"), s.as_("bureau-approver")
    day = on(s, 2027, 11, 1).city.now.date()
    rectifications.hand_in(s.as_("head-city"), key, "示例方案", [Milestone("示例", day)])
    rectifications.start(approver, key)
    rectifications.prove(head, key, "1", Proof("示例：已完成"))
    on(s, 2027, 12, 2)
    rectifications.recheck(s.as_("secretary"), key)
    rectifications.pass_(s.as_("bureau-approver"), key, "示例：已整改到位")
    assert standings(s)["city-a"] == "normal"

    plan = approved(on(s, 2028, 6, 1), 2028)
    begin_year(on(s, 2028, 9, 1).as_("planner"), 2028)

    assert (standings(s)["city-a"], lines(s, plan.id)["city-a"].quota) == ("normal", 70)
    assert admission(s, 2028, 70) == (70, [])


def test_what_was_merged_within_an_approved_year_brings_its_places_with_it(session: Session) -> None:
    s = make_confirmed(session)
    planned = approved(on(s, 2026, 6, 1), 2026)
    one, two = s.city.codes["one-a"], s.city.codes["two-a"]
    places = {short: quotas(s, planned.id)[short] for short in ("one-a", "two-a")}
    on(s, 2026, 9, 10)
    proposal = NewSuccession(Subject.SPECIALTY, Act.MERGED, s.as_("auditor").today, "示例：调整", "示例教〔2026〕9号",
                             (Wanted(two, into=one),))  # fmt: skip
    successions.record(s.as_("bureau-approver"), successions.propose(s.as_("secretary"), proposal).id)

    together = sum(places.values())
    assert status.of(s.city.nobody(), one).quota[2026] == together
    assert teach_outs.admission(s.city.nobody(), one, 2026, together)[1] == []
