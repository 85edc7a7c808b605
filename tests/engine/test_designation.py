"""The table of a designation: what suffices for each step, what each check refuses, and what the targets count."""

from typing import Any

import pytest

from engine.tables_of_steps import codes, every, silent_checks, untried_steps
from specialty_eval.engine.designation import (
    DESIGNATION,
    DesignationEvent,
    DesignationFacts,
    DesignationKind,
    DesignationState,
    Tier,
    progress,
    tier_of,
)
from specialty_eval.engine.roles import Role

S, E, Facts = DesignationState, DesignationEvent, DesignationFacts
GRANTABLE: dict[str, Any] = {
    "first_person": "1", "second_person": "2", "document_number": "示例〔2026〕3号", "is_green": True,
}  # fmt: skip
SAID: dict[str, Any] = {"reason": "示例", "document_number": "示例〔2027〕3号"}
BORNE = [S.GRANTED, S.KEPT]
SUFFICES: list[tuple[Any, Any, Any, Any]] = [
    (S.PROPOSED, E.GRANT, Facts(**GRANTABLE), S.GRANTED),
    (S.PROPOSED, E.REFUSE, Facts(reason="示例"), S.WITHDRAWN),
    *every(BORNE, E.REVIEW, Facts(by_rule=True, ground_lost=True), S.UNDER_REVIEW),
    *every(BORNE, E.REVIEW, Facts(reason="示例"), S.UNDER_REVIEW),
    (S.UNDER_REVIEW, E.REINSTATE, Facts(green_again=True), S.GRANTED),
    (S.UNDER_REVIEW, E.REINSTATE, Facts(green_again=True, was_kept=True), S.KEPT),
    (S.UNDER_REVIEW, E.KEEP, Facts(**SAID), S.KEPT),
    (S.UNDER_REVIEW, E.WITHDRAW, Facts(**SAID), S.WITHDRAWN),
    (S.WITHDRAWN, E.REOPEN, Facts(reason="示例", ground_overturned=True), S.UNDER_REVIEW),
]
REFUSES: list[tuple[Any, Any, Any, list[str]]] = [
    (
        S.PROPOSED,
        E.GRANT,
        Facts(first_person="1", second_person="1", closed=("x",)),
        ["second-person-missing", "document-number-missing", "not-green", "group-has-closed"],
    ),
    (S.PROPOSED, E.REFUSE, Facts(), ["reason-missing"]),
    *every(BORNE, E.REVIEW, Facts(by_rule=True), ["green-not-lost"]),
    *every(BORNE, E.REVIEW, Facts(ground_lost=True), ["reason-missing"]),
    (S.UNDER_REVIEW, E.REINSTATE, Facts(), ["green-not-back"]),
    (S.UNDER_REVIEW, E.REINSTATE, Facts(was_kept=True), ["green-not-back"]),
    (S.UNDER_REVIEW, E.KEEP, Facts(closed=("x",)), ["reason-missing", "document-number-missing", "group-has-closed"]),
    (
        S.UNDER_REVIEW,
        E.WITHDRAW,
        Facts(appeal_open=True),
        ["reason-missing", "document-number-missing", "appeal-open"],
    ),
    (S.WITHDRAWN, E.REOPEN, Facts(), ["reason-missing", "ground-stands"]),
]


@pytest.mark.parametrize(("source", "event", "facts", "target"), SUFFICES)
def test_what_suffices(source: Any, event: Any, facts: Any, target: Any) -> None:
    assert DESIGNATION.move(source, event, facts).target == target


@pytest.mark.parametrize(("source", "event", "facts", "said"), REFUSES)
def test_what_is_refused(source: Any, event: Any, facts: Any, said: list[str]) -> None:
    assert codes(DESIGNATION, source, event, facts) == said


def test_every_step_and_every_check_is_tried() -> None:
    assert untried_steps(DESIGNATION, SUFFICES) == []
    assert silent_checks(DESIGNATION, REFUSES) == set()


def test_the_clock_decides_nothing_and_the_bureau_gives_nothing_back_by_itself() -> None:
    of_the_clock = {step.event for step in DESIGNATION.steps if Role.SYSTEM in step.roles}
    assert of_the_clock == {E.REVIEW, E.REINSTATE}
    assert DESIGNATION.roles_for(S.UNDER_REVIEW, E.REINSTATE) == {Role.SYSTEM}


def test_a_target_counts_what_is_borne_and_says_how_many_are_missing() -> None:
    counts = {
        ("demonstration", "secondary", "granted"): 38, ("demonstration", "secondary", "under_review"): 2,
        ("demonstration", "secondary", "kept"): 1, ("demonstration", "secondary", "withdrawn"): 9,
        ("high_level", "college", "proposed"): 3, ("demonstration", "college", "granted"): 1,
    }  # fmt: skip
    found = {(one.kind, one.tier): (one.target, one.held, one.under_review, one.proposed, one.missing)
             for one in progress(counts)}  # fmt: skip

    assert found == {
        (DesignationKind.DEMONSTRATION, Tier.SECONDARY): (40, 41, 2, 0, 0),
        (DesignationKind.DEMONSTRATION, Tier.COLLEGE): (None, 1, 0, 0, None),
        (DesignationKind.HIGH_LEVEL, Tier.SECONDARY): (15, 0, 0, 0, 15),
        (DesignationKind.HIGH_LEVEL, Tier.COLLEGE): (5, 0, 0, 3, 5),
    }
    assert [tier_of(level) for level in ("secondary", "associate", "bachelor")] == ["secondary", "college", "college"]
