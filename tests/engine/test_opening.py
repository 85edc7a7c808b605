"""What stands against an opening: limits counted with it opened, lists of two days, and what each finding does."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from engine.policy_texts import SMALL
from specialty_eval.engine.consequences import OpeningLimit
from specialty_eval.engine.entry_counts import Site
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.lists import Listed
from specialty_eval.engine.opening import (
    NOTED,
    VISITS,
    Around,
    Outcome,
    Registered,
    counts_with,
    is_too_new,
    limit_problems,
    negative_problem,
    opinion_problems,
    outcome_of,
    registry_problems,
    urgent_note,
)
from specialty_eval.engine.policy_load import load_policy

NEW = Site("1", "secondary", "710205", date(2027, 9, 1))


def site(school: str, code: str, opened: str = "2015-09-01", closed: str = "", **figures: int) -> Site:
    said = {2025: {name: Decimal(value) for name, value in figures.items()}}
    return Site(school, "secondary", code, date.fromisoformat(opened), date.fromisoformat(closed) if closed else None,
                figures=said)  # fmt: skip


def limit(count: str, **bounds: int) -> OpeningLimit:
    low, high = (None if b is None else Decimal(b) for b in (bounds.get("at_least"), bounds.get("at_most")))
    return OpeningLimit("limit", count, low, high)


def found(limits: OpeningLimit, around: Around, new: Site = NEW) -> list[tuple[str, object]]:
    return [(p.code, p.facts.get("value")) for p in limit_problems([limits], new, around)]


def test_net_openings_are_the_schools_of_the_year_it_opens_in_and_it_counts_itself() -> None:
    sites = [site("1", "660103", "2027-02-01"), site("1", "710201", "2026-09-01"), site("2", "710205", "2027-03-01")]
    around = Around(sites, [], 2025)

    assert counts_with(NEW, around)["net_openings_of_year"] == 2
    assert found(limit("net_openings_of_year", at_most=1), around) == [("opening-limit-exceeded", "2")]
    closing = Around([*sites, site("1", "680401", closed="2027-06-30")], [], 2025)
    assert found(limit("net_openings_of_year", at_most=1), closing) == []


def test_what_the_schools_earlier_applications_would_open_counts_and_is_said() -> None:
    mine, others = Site("1", "secondary", "660103", date(2027, 9, 1)), Site("2", "secondary", "660103", NEW.opened_on)
    around = Around([], [mine, others], 2025)

    [problem] = limit_problems([limit("net_openings_of_year", at_most=1)], NEW, around)

    assert (problem.code, problem.facts["others"], problem.facts["value"]) == ("opening-limit-exceeded", 1, "2")
    assert found(limit("net_openings_of_year", at_most=1), Around([], [others], 2025)) == []


@pytest.mark.parametrize(("students", "refused"), [(300, []), (299, [("opening-limit-exceeded", "199.50")])])
def test_students_are_shared_among_the_schools_specialties_that_there_are(students: int, refused: list[object]) -> None:
    own = [site("1", "660103", students=students), site("1", "710201", students=100)]
    around = Around([*own, site("2", "710201", students=9000)], [replace(NEW, code="680401")], 2025)

    assert found(limit("students_per_specialty", at_least=200), around) == refused


@pytest.mark.parametrize("missing", [site("1", "660103"), site("1", "660103", closed="2027-01-01", students=400)])
def test_students_nobody_reports_are_not_known_and_those_of_a_closed_one_are_gone(missing: Site) -> None:
    around = Around([missing], [], 2025)

    assert found(limit("students_per_specialty", at_least=200), around) == [("opening-limit-unknown", None)]


@pytest.mark.parametrize(
    ("teachers", "expected"),
    [(2, []), (1, [("opening-limit-exceeded", "1")]), (None, [("opening-limit-unknown", None)])],
)
def test_teachers_are_those_of_the_new_specialty(teachers: int | None, expected: list[object]) -> None:
    around = Around([site("1", "710205", midlevel_teachers=9)], [], 2025, teachers)

    assert found(limit("midlevel_teachers", at_least=2), around) == expected


def test_other_counts_are_of_the_entry_in_the_city_with_it_opened() -> None:
    around = Around([site("1", "660103"), site("2", "710205", intake=40)], [], 2025)
    counts = counts_with(NEW, around)

    assert {c: counts[c] for c in ("schools", "share_of_schools", "specialties", "intake")} == {
        "schools": 2, "share_of_schools": Decimal("100.00"), "specialties": 2, "intake": 40,
    }  # fmt: skip


LINE = Listed("secondary", "710205", 2027, ("too-dense",), document_number="示例〔2026〕1号")


def test_only_who_was_listed_on_the_day_of_receipt_and_still_is_is_refused() -> None:
    [problem] = negative_problem(LINE, LINE, {"zh": "布点率超过40%"})
    assert problem == Problem(
        "opening-listed", "catalogue_code",
        {"year": 2027, "level": "secondary", "code": "710205", "reasons": ["too-dense"],
         "document_number": "示例〔2026〕1号", "zh": "布点率超过40%"},
    )  # fmt: skip
    assert not list(negative_problem(None, LINE, {}))
    assert not list(negative_problem(LINE, None, {}))


def test_a_finding_refuses_unless_it_asks_for_a_visit_or_is_only_noted() -> None:
    everything = Registered("x", is_taken=True, state_controlled=True, closed=True, review=1, students=1, places=1)
    refusing = [*registry_problems(everything), *opinion_problems([("bureau", True), ("department", False)])]
    assert [p.code for p in refusing] == [
        "opening-code-taken", "opening-state-controlled", "specialty-closed", "change-under-review",
        "students-enrolled", "places-approved", "opinion-against",
    ]  # fmt: skip

    assert outcome_of(refusing) is Outcome.REFUSED
    assert outcome_of(registry_problems(Registered("x", state_controlled=True))) is Outcome.VISIT_FIRST
    assert outcome_of([*urgent_note(LINE)]) is Outcome.CLEAR
    assert outcome_of([]) is Outcome.CLEAR
    assert not VISITS & NOTED


NEW_ONES = "{all: [{attribute: years_open, below: 3}, {not: {measure: accident, equals: true}}]}"
OTHERS = "{any: [{attribute: level, equals: x}, {at_least_of: 1, conditions: [{measure: accident, equals: true}]}]}"


@pytest.mark.parametrize(
    ("rule", "years", "too_new"),
    [
        (NEW_ONES, 2, True),
        (NEW_ONES, 3, False),
        ("{attribute: level, equals: secondary}", 0, False),
        (OTHERS, 0, False),
        ("{any: [{attribute: years_open, equals: 0}, {attribute: level, reported: false}]}", 0, True),
        (f"{{at_least_of: 2, conditions: [{NEW_ONES}, {{attribute: level, equals: secondary}}]}}", 1, True),
    ],
)
def test_a_round_takes_no_specialty_that_its_policy_would_leave_unrated_for_being_new(
    rule: str, years: int, too_new: bool
) -> None:
    text = SMALL.replace("rating:\n", f"rating:\n  unrated: [{{code: new, when: {rule}}}]\n", 1)
    assert text != SMALL

    assert is_too_new(load_policy(text), {"years_open": Decimal(years), "level": "secondary"}) is too_new
