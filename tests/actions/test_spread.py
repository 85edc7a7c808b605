"""Experts further apart than the policy lets pass: the secretary is told, and may ask one more and no further."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import CITY, City, make_city, make_cycle, make_person, open_round
from factories_scored import scored_by_experts
from remembered import remembered
from small_policy import POLICY
from specialty_eval.actions import evidence, panel, views
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.permissions import Role
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Review

WATCHED = POLICY.replace("rating:\n", "panel: {spread_alert: 20}\nrating:\n", 1)


@remembered
def in_panel(session: Session, policy: str = WATCHED) -> tuple[City, int]:
    """A submitted review, and five experts."""
    city = make_city(session)
    key = open_round(city, make_cycle(city, policy=policy))["one-a"]
    evidence.save(city.as_("head-one"), key, Figures({"graduates": "100", "employed": "90"}, {}), "", version=None)
    evidence.submit(city.as_("head-one"), key)
    for n in (4, 5):
        bureau = city.organisations[f"bureau:{CITY}"]
        city.people[f"expert-{n}"] = make_person(session, login=f"expert-{n}", roles={Role.EXPERT: bureau})
    return city, key


def seen(city: City, key: int, who: str = "secretary") -> list[dict[str, object]]:
    found: list[dict[str, object]] = views.review_view(city.as_(who), city.session.get_one(Review, key))[
        "spread_alerts"
    ]
    return found


def told(city: City) -> list[dict[str, object]]:
    found = city.session.scalars(sa.select(Event).where(Event.kind == "review.spread").order_by(Event.seq))
    return [dict(event.facts) for event in found if event.audience == "office"]


def invite(city: City, key: int, *experts: int) -> None:
    panel.invite(city.as_("secretary"), key, [city.people[f"expert-{n}"] for n in experts])


def refused(city: City, key: int, *experts: int) -> list[tuple[str, object]]:
    with pytest.raises(Invalid) as caught:
        invite(city, key, *experts)
    return [(p.code, p.facts["at_most"]) for p in caught.value.problems]


def test_nobody_is_told_while_the_experts_agree_well_enough(session: Session) -> None:
    city, key = in_panel(session)

    scored_by_experts(city, key, "60", "80", "70")

    assert (seen(city, key), told(city)) == ([], [])
    assert refused(city, key, 4) == [("panel-full", 3)]


def test_experts_too_far_apart_are_flagged_once_and_one_more_may_be_asked(session: Session) -> None:
    city, key = in_panel(session)

    scored_by_experts(city, key, "60", "81", "70")

    assert seen(city, key) == [{"measure": "quality", "scores": 3, "spread": "21", "above": "20"}]
    assert told(city) == [{"measure": "quality", "scores": 2, "above": "20"}]
    assert seen(city, key, "county-one") == seen(city, key, "head-one") == []
    assert refused(city, key, 4, 5) == [("panel-full", 4)]
    invite(city, key, 4)
    assert refused(city, key, 5) == [("panel-full", 4)]


def test_without_a_limit_in_the_policy_nothing_is_flagged(session: Session) -> None:
    city, key = in_panel(session, POLICY)

    scored_by_experts(city, key, "0", "100", "50")

    assert (seen(city, key), told(city)) == ([], [])


def test_whoever_declines_or_lets_the_days_pass_makes_room(session: Session) -> None:
    city, key = in_panel(session)
    invite(city, key, 1, 2, 3)
    assert refused(city, key, 4) == [("panel-full", 3)]
    first = panel.assignments(city.as_("secretary"), key)[0]
    panel.answer(city.as_("expert-1"), first.assignment.id, AssignmentEvent.DECLINE, reason="没有时间")
    invite(city, key, 4)
    assert refused(city, key, 5) == [("panel-full", 3)]

    city.wait(30)
    invite(city, key, 5)
