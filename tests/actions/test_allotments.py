"""Proposals who scores what: from the pool, without conflicts, carried out whole or not at all."""

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City
from factories_deliberation import refused
from factories_experts import make_pool, round_of
from racing import at_once
from small_policy import POLICY
from specialty_eval.actions import allotments, experts, jobs, panel
from specialty_eval.actions.allotments import Asked
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.errors import Invalid, NotFound, NotNow
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.experts import Allotment
from specialty_eval.store.ledger import Event
from specialty_eval.store.site_visits import SiteVisitor

POOL = {"expert-1": "71", "expert-2": "71 66", "expert-3": "7102", "expert-4": "* ", "expert-5": "66"}


@pytest.fixture
def city(session: Session) -> City:
    return make_pool(session, POOL)


def ask(city: City, **asked: object) -> Allotment:
    return allotments.ask(city.as_("secretary"), round_of(city), Asked(**{"at_most": 4, **asked}))  # type: ignore[arg-type]


def carry_out(city: City, made: Allotment, reason: str = "") -> Allotment:
    return allotments.carry_out(city.as_("secretary"), made.id, reason=reason)


def going(city: City) -> dict[str, set[str]]:
    """Review → who is asked there and has not been replaced."""
    found = sa.select(ExpertAssignment.review_id, ExpertAssignment.person_id).where(
        ExpertAssignment.state.in_(("invited", "accepted", "scored"))
    )
    shorts = {key: short for short, key in city.reviews.items()}
    logins = {key: login for login, key in city.people.items()}
    asked: dict[str, set[str]] = {}
    for review, person in city.session.execute(found):
        asked.setdefault(shorts[review], set()).add(logins[person])
    return asked


def told(city: City, made: Allotment) -> dict[str, object]:
    return allotments.told(city.as_("secretary"), made)


def test_a_proposal_asks_nobody_until_it_is_carried_out_and_then_everybody(city: City) -> None:
    made = ask(city, per_review=2)
    assert (made.state, going(city), made.lacking) == ("proposed", {}, [])

    carry_out(city, made)

    asked = going(city)
    assert {short: len(people) for short, people in asked.items()} == dict.fromkeys(city.reviews, 2)
    assert asked["one-b"] <= {"expert-2", "expert-4", "expert-5"}
    load = Counter(login for people in asked.values() for login in people)
    assert sorted(load.values()) == [1, 1, 2, 2, 2]
    events = city.session.scalars(sa.select(Event.facts).where(Event.kind == "review.invite_experts")).all()
    assert events == [{"experts": 2}] * 4


def test_nobody_is_asked_about_their_own_school_former_school_or_partner(city: City) -> None:
    secretary = city.as_("secretary")
    city.session.execute(sa.text("UPDATE person SET employer_id = :s WHERE id = :p"),
                         {"s": city.schools["two"], "p": city.people["expert-1"]})  # fmt: skip
    city.session.execute(sa.text("UPDATE specialty SET partner = '示例甲公司、示例乙公司' WHERE id = :s"),
                         {"s": city.specialties["city-a"]})  # fmt: skip
    experts.declare(secretary, city.people["expert-2"], experts.NewTie("former_employer", school="3637000001"))
    tie = experts.NewTie("interest", enterprise="示例乙公司", reason="示例：持股")
    experts.declare(city.as_("expert-3"), city.people["expert-3"], tie)

    carry_out(city, ask(city), "示例：人数不足，先行邀请")

    asked = going(city)
    assert "expert-1" not in asked["two-a"]
    assert "expert-2" not in asked["one-a"] | asked["one-b"]
    assert "expert-3" not in asked["city-a"]


def test_who_is_or_was_named_to_visit_is_not_asked_about_it_in_a_blind_round(city: City) -> None:
    city.session.execute(sa.text("UPDATE round SET blind = true"))
    city.session.add(SiteVisitor(review_id=city.reviews["one-a"], person_id=city.people["expert-1"],
                                 named_at=city.now, due=city.now + timedelta(days=9), withdrawn_at=city.now,
                                 withdrawn_reason="示例"))  # fmt: skip

    carry_out(city, ask(city, per_review=3, without=[city.people["expert-2"]]), "示例：人数不足，先行邀请")

    asked = going(city)
    assert ("expert-1" in asked["one-a"], "expert-1" in asked["two-a"]) == (False, True)


def test_what_is_lacking_is_named_and_nothing_is_carried_out_without_a_reason(city: City) -> None:
    made = ask(city, at_most=1)

    said = [(kept["code"], kept["facts"]["short"]) for kept in made.lacking]
    assert said == [("expert-limit-too-low", 7)]
    assert refused(NotNow, lambda: carry_out(city, made)) == [("expert-limit-too-low", "allotment")]
    assert going(city) == {}
    carry_out(city, made, "示例：先行邀请")
    assert sum(map(len, going(city).values())) == 5


def test_a_further_proposal_keeps_everybody_and_replaces_one_who_drops_out_with_the_fewest_moves(city: City) -> None:
    carry_out(city, ask(city, per_review=2))
    before = going(city)
    assert ask(city, per_review=2).added == []

    gone = city.people["expert-4"]
    again = carry_out(city, ask(city, per_review=2, without=[gone]))

    after = going(city)
    assert all(len(people) == 2 and "expert-4" not in people for people in after.values())
    kept = sum(len(before[short] & after[short]) for short in before)
    assert (len(again.dropped), kept) == (2, 6)
    replaced = city.session.scalars(
        sa.select(ExpertAssignment.reason).where(
            ExpertAssignment.state == "replaced", ExpertAssignment.person_id == gone
        )
    )
    assert set(replaced) == {allotments.DROPPED}


def test_a_newer_proposal_takes_the_earlier_one_back(city: City) -> None:
    first = ask(city)
    second = ask(city)

    assert (first.state, second.state, second.number) == ("withdrawn", "proposed", 2)
    assert refused(NotNow, lambda: carry_out(city, first)) == [("step-not-open", "allotment")]
    allotments.withdraw(city.as_("secretary"), second.id)
    assert second.state == "withdrawn"


def test_a_conflict_that_becomes_known_in_between_makes_a_proposal_outdated(city: City) -> None:
    made = ask(city, per_review=2)
    experts.declare(city.as_("expert-2"), city.people["expert-2"],
                    experts.NewTie("former_employer", school="3637000003"))  # fmt: skip

    with pytest.raises(NotNow) as caught:
        carry_out(city, made)

    assert [(p.code, p.facts["changed"]) for p in caught.value.problems] == [("allotment-outdated", ["conflicts"])]
    assert going(city) == {}


def test_a_further_expert_is_proposed_where_the_experts_lie_too_far_apart(session: Session) -> None:
    watched = POLICY.replace("rating:\n", "panel: {spread_alert: 20}\nrating:\n", 1)
    city = make_pool(session, POOL, policy=watched)
    carry_out(city, ask(city, per_review=2))
    key = city.reviews["two-a"]
    for asked, score in zip(panel.assignments(city.as_("secretary"), key), ("10", "90"), strict=True):
        who = next(login for login, number in city.people.items() if number == asked.assignment.person_id)
        panel.answer(city.as_(who), asked.assignment.id, AssignmentEvent.ACCEPT)
        panel.score(city.as_(who), asked.assignment.id, {"quality": score})

    further = carry_out(city, ask(city, per_review=2))

    assert [pair[0] for pair in further.added] == [key]
    assert len(going(city)["two-a"]) == 3


def test_more_experts_than_the_policy_has_are_not_proposed(city: City) -> None:
    with pytest.raises(Invalid) as caught:
        ask(city, per_review=4)

    assert [(p.code, p.facts) for p in caught.value.problems] == [
        ("panel-larger-than-the-policy", {"asked": 4, "at_most": 3})
    ]


def test_who_is_recused_neither_sees_nor_carries_out_what_is_said_of_their_school(city: City) -> None:
    made = ask(city, per_review=2)
    city.people["secretary-2"] = city.people["auditor"]
    city.session.execute(sa.text("UPDATE person SET employer_id = :s WHERE id = :p"),
                         {"s": city.schools["two"], "p": city.people["secretary"]})  # fmt: skip

    seen = {pair["review_id"] for pair in told(city, made)["added"]}  # type: ignore[attr-defined]

    assert seen == {key for short, key in city.reviews.items() if short != "two-a"}
    assert refused(NotNow, lambda: carry_out(city, made)) == [("allotment-outdated", "allotment")]
    assert city.reviews["two-a"] not in {pair[0] for pair in ask(city, per_review=2).added}


def test_a_proposal_is_nobody_elses_business(city: City) -> None:
    made = ask(city)

    for who in ("expert-1", "head-one", "county-one", "bureau-verifier", "chair", "nobody"):
        with pytest.raises(NotFound):
            allotments.read(city.as_(who), made.id)


def test_what_there_is_much_of_the_worker_proposes(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allotments, "AT_ONCE", 3)
    made = ask(city)
    assert (made.state, made.added) == ("asked", [])

    [due] = [one for one in jobs.due(city.clock()) if one.task == jobs.Task.ALLOT]
    assert jobs.act(city.clock(), due)

    city.session.refresh(made)
    assert (made.state, len(made.added)) == ("proposed", 12)
    assert [one for one in jobs.due(city.clock()) if one.task == jobs.Task.ALLOT] == []


def test_of_two_who_carry_out_or_ask_at_once_one_wins_and_the_other_is_told(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        city = make_pool(session, POOL)
        made = ask(city, per_review=2)
        session.commit()
        secretary, number, key = city.as_("secretary"), made.id, round_of(city)
        session.commit()

        for _ in range(5):
            said = at_once(own_engine, *[(secretary, lambda ctx: allotments.carry_out(ctx, number))] * 2)
            assert sorted(said) == ["done", "step-not-open"] or said == ["step-not-open"] * 2

        assert {len(people) for people in going(city).values()} == {2}
        said = at_once(own_engine, *[(secretary, lambda ctx: allotments.ask(ctx, key, Asked(at_most=4)))] * 2)
        assert said == ["done", "done"]
        found = session.scalars(sa.select(Allotment.state).where(Allotment.round_id == key).order_by(Allotment.number))
        assert list(found) == ["carried_out", "withdrawn", "proposed"]


def test_an_expert_asked_by_hand_in_between_makes_a_proposal_outdated(city: City) -> None:
    made = ask(city, per_review=2)
    panel.invite(city.as_("secretary"), city.reviews["one-a"], [city.people["expert-3"]])

    assert refused(NotNow, lambda: carry_out(city, made)) == [("allotment-outdated", "allotment")]
