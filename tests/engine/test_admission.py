"""Enrolling by the approved plan, counting cohorts out, and granting what green is supported by: each refusal seen."""

from decimal import Decimal
from typing import Any

import pytest

from engine.tables_of_steps import codes, silent_checks, untried_steps
from specialty_eval.engine.admission import Admission, admission_problems
from specialty_eval.engine.enrolment import PlanLine, cap_problems, plan_problems
from specialty_eval.engine.support import SUPPORT, Granting, SupportEvent, SupportFacts, SupportState, granting_problems
from specialty_eval.engine.teach_out import Counted, counting_problems


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (Admission(plan_approved=True, quota=50, students=50), []),
        (Admission(plan_approved=True, quota=50, students=51), ["intake-above-quota"]),
        (Admission(plan_approved=True, quota=0, students=1), ["enrolment-stopped"]),
        (Admission(plan_approved=True, quota=90, students=1, stopped=True), ["enrolment-stopped"]),
        (Admission(plan_approved=True, quota=None, students=1), ["enrolment-stopped"]),
        (Admission(plan_approved=False, quota=None, students=1), ["plan-not-approved"]),
    ],
)
def test_as_many_are_enrolled_as_the_approved_plan_gives(facts: Admission, said: list[str]) -> None:
    assert [problem.code for problem in admission_problems(facts)] == said


@pytest.mark.parametrize(
    ("cohorts", "more", "said"),
    [
        ({2024: 40, 2025: 38}, {}, []),
        ({2024: 0, 2025: 0}, {}, []),
        ({2025: 38}, {}, [("cohort-missing", "cohorts.2024")]),
        ({2024: 43, 2025: 38}, {}, [("cohort-grew", "cohorts.2024")]),
        ({2024: 43, 2025: 38}, {"reason": "示例：复学"}, []),
        ({2024: 42, 2025: 40, 2026: 5}, {"stopped": frozenset({2026})}, [("enrolment-stopped", "cohorts.2026")]),
        ({2024: 42, 2025: 40, 2026: 0}, {"stopped": frozenset({2026})}, []),
        (
            {2024: -1, 2025: 1, 2015: 1, 2027: 1},
            {},
            [("students-negative", "cohorts.2024"), ("cohort-out-of-reach", "cohorts.2015"),
             ("cohort-out-of-reach", "cohorts.2027")],
        ),
    ],
)  # fmt: skip
def test_cohorts_are_counted_out_and_none_comes_back_unseen(
    cohorts: dict[int, int], more: dict[str, Any], said: list[tuple[str, str]]
) -> None:
    facts = Counted(cohorts, {2024: 42, 2025: 40}, 2026, **more)

    assert [(problem.code, problem.where) for problem in counting_problems(facts)] == said


S, E = SupportState, SupportEvent
SUFFICES: list[tuple[Any, Any, Any, Any]] = [
    (S.GRANTED, E.END, SupportFacts(reason="示例"), S.ENDED),
    (S.GRANTED, E.EXPIRE, SupportFacts(ground_gone=True), S.ENDED),
]
REFUSES: list[tuple[Any, Any, Any, list[str]]] = [
    (S.GRANTED, E.END, SupportFacts(), ["reason-missing"]),
    (S.GRANTED, E.EXPIRE, SupportFacts(), ["still-supported"]),
]


def test_the_table_of_a_support_is_walked() -> None:
    for source, event, facts, target in SUFFICES:
        assert SUPPORT.move(source, event, facts).target == target
    for source, event, facts, said in REFUSES:
        assert codes(SUPPORT, source, event, facts) == said
    assert (untried_steps(SUPPORT, SUFFICES), silent_checks(SUPPORT, REFUSES)) == ([], set())


def test_a_support_is_one_of_the_policys_for_a_supported_specialty_under_a_document() -> None:
    def said(**what: Any) -> list[str]:
        known: dict[str, Any] = {"support": "funding", "what": "示例", "amount": Decimal("1000.00"),
                                 "document_number": "示例1号", "standing": "supported",
                                 "supports": ("funding",), "granted": frozenset()}  # fmt: skip
        return [problem.code for problem in granting_problems(Granting(**{**known, **what}))]

    assert said() == said(amount=None) == []
    assert said(standing="normal", supports=()) == ["not-supported"]
    assert said(support="medal") == ["support-not-in-policy"]
    assert said(granted=frozenset({"funding"})) == ["support-granted"]
    assert said(what=" ", amount=Decimal(0), document_number="") == [
        "support-not-described", "amount-not-positive", "document-number-missing",
    ]  # fmt: skip


def test_a_plan_names_every_county_and_school_above_its_cap() -> None:
    lines = [
        PlanLine("a", 60, 60, county="371402", school="1"), PlanLine("b", 50, 50, county="371402", school="2"),
        PlanLine("c", 70, 70, county="371403", school="3"),
    ]  # fmt: skip
    caps = {("county", "371402"): 100, ("school", "1"): 60, ("school", "3"): 69, ("county", "371403"): 70}

    assert [(p.code, p.facts["total"], p.facts["at_most"]) for p in plan_problems(lines, None, caps)] == [
        ("county-total-exceeded", 110, 100), ("school-capacity-exceeded", 70, 69),
    ]  # fmt: skip
    assert cap_problems({}, caps) == []
