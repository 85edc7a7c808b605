"""The table of a succession, what each kind may say, and which rating and standing stay after a merger."""

from datetime import date
from typing import Any

import pytest

from engine.tables_of_steps import codes, silent_checks, untried_steps
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.roles import Role
from specialty_eval.engine.succession import (
    MOST_LINES,
    SHAPES,
    SUCCESSION,
    Act,
    Subject,
    SuccessionEvent,
    SuccessionFacts,
    SuccessionState,
    Wanted,
    colour_problems,
    is_heavier,
    is_worse,
    objections_to_proposing,
    shape_problems,
)
from specialty_eval.engine.vocabulary import Rating

S, E, Facts = SuccessionState, SuccessionEvent, SuccessionFacts
HELD = Problem("under-review", "specialties.x")
DAY = date(2026, 9, 1)
SUFFICES: list[tuple[Any, Any, Any, Any]] = [
    (S.PROPOSED, E.RECORD, Facts(first_person="1", second_person="2", effective_on=DAY, today=DAY), S.RECORDED),
    (S.PROPOSED, E.WITHDRAW, Facts(reason="另有安排"), S.WITHDRAWN),
]
REFUSES: list[tuple[Any, Any, Any, list[str]]] = [
    (
        S.PROPOSED,
        E.RECORD,
        Facts(first_person="1", second_person="1", effective_on=DAY, today=date(2026, 8, 31), unfit=(HELD,)),
        ["second-person-missing", "succession-not-yet", "under-review"],
    ),
    (S.PROPOSED, E.WITHDRAW, Facts(reason=" "), ["reason-missing"]),
    (S.RECORDED, E.WITHDRAW, Facts(reason="x"), ["step-not-open"]),
    (S.WITHDRAWN, E.RECORD, Facts(), ["step-not-open"]),
]
SAYS = {"into": "b", "school": "b", "catalogue_code": "710201", "direction": "", "name": "b", "county": "371402",
        "code": "b", "specialties": ("b",)}  # fmt: skip


@pytest.mark.parametrize(("source", "event", "facts", "target"), SUFFICES)
def test_what_is_enough_for_a_step(source: Any, event: Any, facts: Any, target: Any) -> None:
    assert SUCCESSION.move(source, event, facts).target == target


@pytest.mark.parametrize(("source", "event", "facts", "expected"), REFUSES)
def test_a_step_is_refused_with_every_reason(source: Any, event: Any, facts: Any, expected: list[str]) -> None:
    assert codes(SUCCESSION, source, event, facts) == expected


def test_every_step_and_every_check_is_tried() -> None:
    assert untried_steps(SUCCESSION, SUFFICES) == []
    assert silent_checks(SUCCESSION, REFUSES) == set()
    assert SUCCESSION.roles_for(S.PROPOSED, E.RECORD) == {Role.BUREAU_APPROVER}


def test_proposing_needs_a_reason_a_document_and_nothing_in_the_way() -> None:
    assert [p.code for p in objections_to_proposing(Facts(unfit=(HELD,)))] == [
        "reason-missing", "document-number-missing", "under-review",
    ]  # fmt: skip


@pytest.mark.parametrize("subject", Subject)
@pytest.mark.parametrize("act", Act)
def test_each_kind_takes_its_own_fields_and_no_others(subject: Subject, act: Act) -> None:
    if (subject, act) not in SHAPES:
        assert [p.code for p in shape_problems(subject, act, (Wanted("a"),))] == ["succession-of-no-kind"]
        return
    needed, one_of, besides = SHAPES[subject, act]
    enough: dict[str, Any] = {name: SAYS[name] for name in needed | set(sorted(one_of)[:1])}
    assert shape_problems(subject, act, (Wanted("a", **enough),)) == []
    assert [p.code for p in shape_problems(subject, act, (Wanted("a"),))] == ["succession-line-lacks"]
    for name in SAYS.keys() - needed - one_of - besides:
        found = shape_problems(subject, act, (Wanted("a", **{**enough, name: SAYS[name]}),))
        assert [(p.code, p.facts["fields"]) for p in found] == [("succession-line-says-too-much", [name])]


def test_a_succession_has_some_lines_each_of_another() -> None:
    one = Wanted("a", into="b")
    assert [p.code for p in shape_problems(Subject.SPECIALTY, Act.MERGED, ())] == ["succession-lines-out-of-range"]
    many = tuple(Wanted(str(n), into="b") for n in range(MOST_LINES + 1))
    assert [p.code for p in shape_problems(Subject.SPECIALTY, Act.MERGED, many)] == ["succession-lines-out-of-range"]
    assert [p.code for p in shape_problems(Subject.SPECIALTY, Act.MERGED, (one, one))] == ["succession-twice-of-one"]
    parts = (Wanted("a", name="x"), Wanted("a", name="y"))
    assert shape_problems(Subject.SPECIALTY, Act.SPLIT, parts) == []


def test_the_worse_rating_stays_and_what_is_no_colour_never_does() -> None:
    order = [Rating.RED, Rating.YELLOW, Rating.GREEN]
    for place, rating in enumerate(order):
        assert [is_worse(rating, other) for other in order] == [place < other for other in range(3)]
        assert is_worse(rating, None)
        assert not is_worse(None, rating)
        assert not is_worse(Rating.UNRATED, rating)
    assert is_heavier("suspended", "phasing_out")
    assert is_heavier("normal", "supported")
    assert not is_heavier("normal", "normal")


def test_the_committee_keeps_one_of_the_parts_ratings() -> None:
    assert colour_problems("", [Rating.RED]) == []
    assert colour_problems("red", [Rating.RED, None]) == []
    assert [p.code for p in colour_problems("green", [Rating.RED, Rating.UNRATED])] == ["rating-of-no-part"]
