"""More time for everybody of a phase, at once: whoever has longer keeps it, and nothing told moves earlier."""

from datetime import date, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_scored import scored_by_experts, to_scoring, verified
from small_policy import POLICY
from specialty_eval.actions import evidence, panel, rounds, scoring, verification
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.errors import Changed, Invalid, NotYou
from specialty_eval.store.cycles import Round
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Review

LATER = date(2026, 7, 1)
TOLD = date(2026, 4, 1)
"""Thirty days from Monday, 2 March."""


@pytest.fixture
def city(session: Session) -> City:
    return make_city(session)


@pytest.fixture
def reviews(city: City) -> dict[str, int]:
    return open_round(city, make_cycle(city, policy=POLICY))


@pytest.fixture
def round_id(city: City, reviews: dict[str, int]) -> int:
    return city.session.get_one(Review, reviews["one-a"]).round_id


def hand_in(city: City, key: int, head: str = "head-one") -> None:
    evidence.save(city.as_(head), key, Figures({"graduates": "100", "employed": "90"}, {}), "", version=None)
    evidence.submit(city.as_(head), key)


def day(due: datetime | None) -> date | None:
    return None if due is None else last_local_day(due, LOCAL)


def row(city: City, key: int) -> Review:
    return city.session.get_one(Review, key, populate_existing=True)


def told(city: City, kind: str) -> list[tuple[int, str, str, dict[str, object]]]:
    """(subject, audience, reason, facts) of the events of a kind, oldest first."""
    found = city.session.scalars(sa.select(Event).where(Event.kind == kind).order_by(Event.seq))
    return [(e.subject_id, e.audience, e.reason, e.facts) for e in found]


def test_everybody_has_until_then_but_who_has_longer(city: City, reviews: dict[str, int], round_id: int) -> None:
    hand_in(city, reviews["one-b"])
    hand_in(city, reviews["two-a"], "head-two")
    verification.return_(city.as_("county-two"), reviews["two-a"], {"employed": "不符"})
    rounds.extend(city.as_("secretary"), reviews["city-a"], date(2026, 9, 1), "停电")
    before = row(city, reviews["one-a"]).version

    rounds.extend_all(city.as_("secretary"), round_id, LATER, "平台停机")

    assert day(city.session.get_one(Round, round_id).collecting_due) == LATER
    assert day(row(city, reviews["one-a"]).due) == LATER
    assert day(row(city, reviews["one-b"]).county_due) == LATER
    assert (day(row(city, reviews["one-b"]).due), day(row(city, reviews["two-a"]).due)) == (TOLD, TOLD)
    assert day(row(city, reviews["two-a"]).correction_due) == LATER
    assert day(row(city, reviews["city-a"]).due) == date(2026, 9, 1)
    assert row(city, reviews["one-a"]).version == before + 1
    assert told(city, "round.extend") == [
        (round_id, "public", "平台停机", {"phase": "collecting", "until": LATER.isoformat()})
    ]
    everybody = {
        key: facts["what"] for key, audience, _, facts in told(city, "review.extend")[1:] if audience == "school"
    }
    assert everybody == {
        reviews["one-a"]: "evidence", reviews["one-b"]: "county_check", reviews["two-a"]: "correction",
    }  # fmt: skip


def test_the_extended_school_hands_in_and_the_round_waits_for_it(
    city: City, reviews: dict[str, int], round_id: int
) -> None:
    rounds.extend_all(city.as_("secretary"), round_id, LATER, "平台停机")
    city.wait(60)

    assert rounds.facts_of(
        city.as_("secretary"), city.session.get_one(Round, round_id), RoundEvent.VERIFY
    ).due_reached is (False)
    hand_in(city, reviews["one-a"])
    assert row(city, reviews["one-a"]).state == "submitted"


def refused(city: City, round_id: int, until: date, reason: str = "") -> list[tuple[str, object]]:
    with pytest.raises(Invalid) as caught:
        rounds.extend_all(city.as_("secretary"), round_id, until, reason)
    return [
        (p.code, p.facts.get("told") or p.facts.get("until") or p.facts.get("state")) for p in caught.value.problems
    ]


def test_a_sooner_date_is_refused_with_every_reason(city: City, reviews: dict[str, int], round_id: int) -> None:
    city.wait(10)
    assert refused(city, round_id, date(2026, 3, 11)) == [
        ("reason-missing", None), ("deadline-in-the-past", "2026-03-11"), ("deadline-never-earlier", TOLD.isoformat()),
    ]  # fmt: skip
    assert refused(city, round_id, TOLD, "平台停机") == [("deadline-never-earlier", TOLD.isoformat())]
    assert day(row(city, reviews["one-a"]).due) == TOLD
    assert told(city, "round.extend") == told(city, "review.extend") == []


def test_no_phase_is_extended_that_does_not_run(city: City, reviews: dict[str, int], round_id: int) -> None:
    rounds.move(city.as_("secretary"), round_id, RoundEvent.CANCEL, reason="示例")

    assert refused(city, round_id, LATER) == [("reason-missing", None), ("step-not-open", "cancelled")]


def test_only_the_secretary_extends_and_only_what_was_read(city: City, reviews: dict[str, int], round_id: int) -> None:
    for who in ("bureau-approver", "head-one", "county-one"):
        with pytest.raises(NotYou):
            rounds.extend_all(city.as_(who), round_id, LATER, "平台停机")
    with pytest.raises(Changed):
        rounds.extend_all(city.as_("secretary"), round_id, LATER, "平台停机", version=1)


def test_a_day_off_gives_until_the_next_working_day(city: City, reviews: dict[str, int], round_id: int) -> None:
    rounds.extend(city.as_("secretary"), reviews["one-b"], date(2026, 6, 13), "停电")  # a Saturday
    rounds.extend_all(city.as_("secretary"), round_id, date(2026, 6, 14), "平台停机")

    assert [day(row(city, reviews[short]).due) for short in ("one-a", "one-b")] == [date(2026, 6, 15)] * 2
    assert told(city, "review.extend")[0][3]["until"] == "2026-06-15"


def test_one_school_is_not_given_a_day_that_is_over(city: City, reviews: dict[str, int]) -> None:
    city.wait(60)

    with pytest.raises(Invalid) as caught:
        rounds.extend(city.as_("secretary"), reviews["one-a"], date(2026, 4, 10), "停电")

    assert [p.code for p in caught.value.problems] == ["deadline-in-the-past"]


def test_experts_and_challenges_are_extended_with_the_scoring(
    city: City, reviews: dict[str, int], round_id: int
) -> None:
    for short in ("one-a", "one-b"):
        verified(city, reviews[short], short)
    scored_by_experts(city, reviews["one-a"], "70", "80")
    asked = panel.invite(city.as_("secretary"), reviews["one-b"], [city.people["expert-1"]])[0]
    scoring.run(city.as_("secretary"), to_scoring(city, reviews["one-a"]))

    rounds.extend_all(city.as_("secretary"), round_id, LATER, "平台停机")

    finished = sa.select(ExpertAssignment.due).where(ExpertAssignment.state == "scored")
    assert day(city.session.get_one(ExpertAssignment, asked.id, populate_existing=True).due) == LATER
    assert {day(due) for due in city.session.scalars(finished)} == {date(2026, 3, 23)}
    assert day(row(city, reviews["one-a"]).challenge_due) == LATER
    assert [(key, audience) for key, audience, _, _ in told(city, "assignment.extend")] == [(asked.id, "office")]
    assert [facts["what"] for _, _, _, facts in told(city, "review.extend")] == ["evidence", "evidence", "challenge"]
