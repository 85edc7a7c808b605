"""A phase ends at its due time when the policy's answer was given for every review left over; the clock gives it."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_scored import scored_by_experts, to_scoring, verified
from remembered import remembered, remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import cycles, evidence, overdue, reminders, rounds, verification
from specialty_eval.actions.context import SETTLES
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.cycle import CycleEvent, RoundEvent
from specialty_eval.engine.errors import Invalid, NotNow
from specialty_eval.store.amendments import Amendment
from specialty_eval.store.cycles import Cycle, Round
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Review


@remembered
def in_round(session: Session) -> tuple[City, dict[str, int], int]:
    city = make_city(session)
    round_id = make_cycle(city, policy=POLICY)
    return city, open_round(city, round_id), round_id


def hand_in(city: City, key: int, head: str = "head-one") -> None:
    evidence.save(city.as_(head), key, Figures({"graduates": "100", "employed": "90"}, {}), "", version=None)
    evidence.submit(city.as_(head), key)


def to_the_end_of(city: City, round_id: int, phase: str) -> None:
    """The first instant after a phase."""
    due = getattr(city.session.get_one(Round, round_id, populate_existing=True), f"{phase}_due")
    assert isinstance(due, datetime)
    city.now = max(city.now, due + SETTLES)


def refused(city: City, round_id: int, event: RoundEvent, reason: str = "") -> list[tuple[str, object]]:
    with pytest.raises(NotNow) as caught:
        rounds.move(city.as_("secretary"), round_id, event, reason=reason)
    return [(p.code, p.facts.get("reviews")) for p in caught.value.problems]


def states(city: City, reviews: dict[str, int]) -> dict[str, str]:
    found = city.session.execute(sa.select(Review.id, Review.state).where(Review.id.in_(reviews.values())))
    by_id = {key: state for key, state in found}  # noqa: C416 -- a Row is no tuple to dict()
    return {short: by_id[key] for short, key in reviews.items()}


def test_nothing_handed_in_is_defaulted_before_verifying_begins(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    hand_in(city, reviews["one-a"])
    for _ in range(2):
        reminders.remind(city.as_("secretary"), round_id)
        city.wait(1)
    to_the_end_of(city, round_id, "collecting")
    assert refused(city, round_id, RoundEvent.VERIFY) == [("leftovers-first", 3)]
    assert refused(city, round_id, RoundEvent.VERIFY, "示例") == [("leftovers-first", 3)]

    done = overdue.act_on_due(city.as_("secretary"), round_id)

    assert (done.defaulted, done.moved, done.waiting) == (3, RoundEvent.VERIFY, ())
    assert session.get_one(Round, round_id).state == "verifying"


def test_what_a_county_left_is_taken_over_before_scoring_begins(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    for short, head in (("one-a", "head-one"), ("one-b", "head-one"), ("two-a", "head-two"), ("city-a", "head-city")):
        hand_in(city, reviews[short], head)
    verification.pass_(city.as_("county-one"), reviews["one-b"], verification.Verdicts())
    rounds.move(city.as_("secretary"), round_id, RoundEvent.VERIFY, reason="全部提交")
    city.wait(3)
    verification.return_(city.as_("county-two"), reviews["two-a"], {"employed": "不符"})
    evidence.submit(city.as_("head-two"), reviews["two-a"])  # its county has its own days for that
    to_the_end_of(city, round_id, "verifying")
    assert refused(city, round_id, RoundEvent.SCORE) == [("leftovers-first", 1)]

    done = overdue.act_on_due(city.as_("secretary"), round_id)

    assert (done.taken_over, done.moved) == (1, RoundEvent.SCORE)
    row = session.get_one(Review, reviews["one-a"], populate_existing=True)
    assert (row.state, row.taken_over) == ("submitted", True)
    told = session.scalars(sa.select(Event).where(Event.kind == "review.take_over")).one()
    assert (told.subject_id, told.audience, told.actor_person_id) == (row.id, "school", None)
    assert told.reason
    assert not session.get_one(Review, reviews["two-a"], populate_existing=True).taken_over
    verification.pass_(city.as_("bureau-verifier"), row.id, verification.Verdicts())


def test_whoever_has_the_minimum_of_experts_is_scored_before_deliberating_begins(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    for short, scores in (("one-a", ("70", "80")), ("one-b", ("70",))):
        verified(city, reviews[short], short)
        scored_by_experts(city, reviews[short], *scores)
    to_scoring(city, reviews["one-a"])
    to_the_end_of(city, round_id, "scoring")
    assert refused(city, round_id, RoundEvent.DELIBERATE) == [("leftovers-first", 1), ("no-score-run", None)]

    done = overdue.act_on_due(city.as_("secretary"), round_id)

    assert (done.scored, done.moved) == (1, RoundEvent.DELIBERATE)
    assert states(city, reviews) == {"one-a": "scored", "one-b": "verified", "two-a": "open", "city-a": "open"}


def test_nothing_is_done_before_the_due_time_nor_twice(session: Session) -> None:
    city, reviews, round_id = in_round(session)
    hand_in(city, reviews["one-a"])
    before = session.scalar(sa.select(sa.func.count()).select_from(Event))

    assert overdue.act_on_due(city.as_("secretary"), round_id) == overdue.Acted()

    assert session.scalar(sa.select(sa.func.count()).select_from(Event)) == before


def test_deliberation_has_days_of_its_own(session: Session) -> None:
    policy = POLICY.replace("county_check: true,", "county_check: true, days: {deliberate: 20, preview: 1w},")
    city = make_city(session)
    round_id = make_cycle(city, policy=policy)
    reviews = open_round(city, round_id)
    verified(city, reviews["one-a"], "one-a")
    scored_by_experts(city, reviews["one-a"], "70", "80")
    to_scoring(city, reviews["one-a"])
    to_the_end_of(city, round_id, "scoring")
    overdue.act_on_due(city.as_("secretary"), round_id)

    due = session.get_one(Round, round_id, populate_existing=True).deliberating_due

    assert due is not None
    assert due - city.now > timedelta(days=19)


# --- a policy that the program cannot apply --------------------------------------------------------------------------


@remembered_fixture
def draft(session: Session) -> tuple[City, int, int]:
    """A draft cycle, its round, and by now a policy pinned that no round can use."""
    city = make_city(session)
    round_id = make_cycle(city, policy=POLICY)
    unfit = POLICY.replace('version: "1"', 'version: "2"').replace("Asia/Shanghai", "Asia/Urumqi")
    row, _ = cycles.import_policy(city.as_("policy-editor"), unfit)
    pinned = session.get_one(Round, round_id).policy_id
    session.add(Amendment(round_id=round_id, from_policy_id=pinned, to_policy_id=row.id, reason="示例",
                          state="recorded", proposed_by=city.people["secretary"], proposed_at=city.now,
                          recorded_by=city.people["bureau-approver"], recorded_at=city.now))  # fmt: skip
    session.flush()
    session.execute(sa.update(Round).where(Round.id == round_id).values(policy_id=row.id))
    session.expire_all()
    return city, session.get_one(Round, round_id).cycle_id, round_id


def test_a_round_with_a_policy_that_cannot_be_applied_does_not_begin(draft: tuple[City, int, int]) -> None:
    city, _, round_id = draft

    assert refused(city, round_id, RoundEvent.COLLECT) == [("policy-not-pinned", None)]


def test_a_cycle_with_such_a_round_does_not_start(draft: tuple[City, int, int]) -> None:
    city, cycle_id, _ = draft
    city.session.execute(sa.update(Cycle).where(Cycle.id == cycle_id).values(state="draft"))
    city.session.expire_all()

    with pytest.raises(NotNow) as caught:
        cycles.move(city.as_("secretary"), cycle_id, CycleEvent.START)

    assert [(p.code, p.where) for p in caught.value.problems] == [("policy-not-pinned", "rounds.1")]


def test_another_clock_than_ours_is_refused_where_a_round_would_pin_it(session: Session) -> None:
    city = make_city(session)
    unfit = POLICY.replace("Asia/Shanghai", "Asia/Urumqi").replace("calendar: CN", "calendar: US")
    row, _ = cycles.import_policy(city.as_("policy-editor"), unfit)
    new = cycles.NewRound(2026, 2025, datetime(2026, 1, 1, tzinfo=UTC).date(), row.policy_id, row.policy_version)

    with pytest.raises(Invalid) as caught:
        cycles.create(
            city.as_("secretary"), cycles.NewCycle("c", "示例", "371400", ["secondary"], ["secondary"], [new])
        )

    assert [(p.code, p.where) for p in caught.value.problems] == [
        ("policy-clock-unknown", "rounds[0].policy.workflow.time_zone"),
        ("policy-clock-unknown", "rounds[0].policy.workflow.calendar"),
    ]
