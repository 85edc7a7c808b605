"""Scores are sealed until one's own is in; where they lie too far apart one more is asked; how strict each is."""

import json
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City
from factories_deliberation import refused
from factories_experts import make_pool, round_of
from remembered import remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import allotments, experts, feed, panel, panel_scores, views
from specialty_eval.actions.experts import NewTie
from specialty_eval.actions.paging import Page
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.decimals import shortest
from specialty_eval.engine.errors import NotFound, NotNow, NotYou
from specialty_eval.engine.permissions import Role
from specialty_eval.store.accounts import RoleGrant
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.reviews import Review

WATCHED = POLICY.replace("rating:\n", "panel: {spread_alert: 20}\nrating:\n", 1)
POOL = {f"expert-{n}": "*" for n in range(1, 6)}


@remembered_fixture
def city(session: Session) -> City:
    """Three experts were asked about one review."""
    city = make_pool(session, POOL, policy=WATCHED)
    ask(city, "two-a", 1, 2, 3)
    return city


def ask(city: City, short: str, *numbers: int) -> None:
    people = [city.people[f"expert-{n}"] for n in numbers]
    panel.invite(city.as_("secretary"), city.reviews[short], people)


def assignment(city: City, short: str, n: int) -> int:
    return city.session.scalars(
        sa.select(ExpertAssignment.id).where(
            ExpertAssignment.review_id == city.reviews[short], ExpertAssignment.person_id == city.people[f"expert-{n}"]
        )
    ).one()


def score(city: City, short: str, n: int, points: str) -> None:
    number = assignment(city, short, n)
    panel.answer(city.as_(f"expert-{n}"), number, AssignmentEvent.ACCEPT)
    panel.score(city.as_(f"expert-{n}"), number, {"quality": points})


def seen(city: City, who: str, short: str = "two-a") -> list[tuple[int | None, bool, str]]:
    found = panel_scores.of_review(city.as_(who), city.reviews[short])
    return [(one.person_id, one.counts, shortest(one.scores["quality"])) for one in found]


def sealed(city: City, who: str) -> bool:
    where = refused(NotNow, lambda: panel_scores.of_review(city.as_(who), city.reviews["two-a"]))
    return where == [("scores-sealed", "scores")]


def test_an_expert_sees_the_others_once_their_own_is_in_and_not_whose_they_are(city: City) -> None:
    score(city, "two-a", 1, "61.5")
    score(city, "two-a", 2, "70")

    assert seen(city, "expert-1") == [(city.people["expert-1"], True, "61.5"), (None, True, "70")]
    assert sealed(city, "expert-3")
    assert sealed(city, "secretary")
    assert sealed(city, "auditor")
    score(city, "two-a", 3, "65")
    assert [points for _, _, points in seen(city, "expert-3")] == ["61.5", "65", "70"]
    assert seen(city, "secretary") == [
        (city.people["expert-1"], True, "61.5"), (city.people["expert-2"], True, "70"),
        (city.people["expert-3"], True, "65"),
    ]  # fmt: skip
    for who in ("expert-4", "head-two", "bureau-verifier", "chair", "nobody"):
        with pytest.raises(NotFound):
            panel_scores.of_review(city.as_(who), city.reviews["two-a"])


def test_a_replaced_score_is_kept_and_marked_for_the_offices_and_gone_for_the_experts(city: City) -> None:
    for n, points in ((1, "60"), (2, "70"), (3, "65")):
        score(city, "two-a", n, points)
    experts.declare(city.as_("secretary"), city.people["expert-1"], NewTie("former_employer", school="3637000002"))

    assert [(counts, points) for _, counts, points in seen(city, "secretary")] == [
        (False, "60"), (True, "70"), (True, "65"),
    ]  # fmt: skip
    assert [points for _, _, points in seen(city, "expert-2")] == ["65", "70"]
    with pytest.raises(NotFound):
        panel_scores.of_review(city.as_("expert-1"), city.reviews["two-a"])


def test_the_offices_see_what_there_is_once_nobody_can_add_to_it(city: City) -> None:
    score(city, "two-a", 1, "60")
    city.wait(60)
    assert sealed(city, "secretary"), "who is late can still score"
    for n in (2, 3):
        silent = assignment(city, "two-a", n)
        panel.answer(city.as_("secretary"), silent, AssignmentEvent.REPLACE, reason="示例：逾期未评")

    assert [points for _, _, points in seen(city, "secretary")] == ["60"]
    with pytest.raises(NotFound):
        panel_scores.of_review(city.as_("expert-2"), city.reviews["two-a"])


def test_no_read_shows_an_expert_of_the_panel_anything_of_others_scores_before_their_own(city: City) -> None:
    """Also when that expert is a secretary too: of 13.25 and 98.75 nothing, nor how far apart they are."""
    secretary = city.session.scalars(
        sa.select(RoleGrant).where(RoleGrant.person_id == city.people["secretary"])
    ).one()  # fmt: skip
    city.session.add(RoleGrant(person_id=city.people["expert-3"], role=Role.SECRETARY.value,
                               valid_from=secretary.valid_from,
                               organisation_id=secretary.organisation_id, deputy=True))  # fmt: skip
    city.session.flush()
    score(city, "two-a", 1, "13.2")
    score(city, "two-a", 2, "98.7")
    ctx, key = city.as_("expert-3"), city.reviews["two-a"]

    told = [
        views.review_view(ctx, city.session.get_one(Review, key)),
        [panel.possible(ctx, one) for one in panel.assignments(ctx, key)],
        panel.listing(ctx, Page(100))[0],
        panel_scores.spread_alerts(ctx, round_of(city)),
        panel_scores.of_experts(ctx, round_of(city)),
        feed.read(ctx, feed.Asked(), 500),
    ]

    assert sealed(city, "expert-3")
    assert all(hidden not in json.dumps(told, default=repr) for hidden in ("13.2", "98.7", "85.5"))
    assert panel_scores.spread_alerts(city.as_("secretary"), round_of(city))[0]["alerts"][0]["spread"] == "85.5"


def test_where_they_lie_too_far_apart_one_more_is_asked_of_whoever_has_least(city: City) -> None:
    ask(city, "one-a", 4)
    for n, points in ((1, "60"), (2, "70"), (3, "95")):
        score(city, "two-a", n, points)
    secretary, number = city.as_("secretary"), round_of(city)
    assert [one["code"] for one in panel_scores.spread_alerts(secretary, number)] == [city.codes["two-a"]]

    assert allotments.further(secretary, city.reviews["two-a"]) == city.people["expert-5"]

    assert panel_scores.spread_alerts(secretary, number) == []
    assert refused(NotNow, lambda: allotments.further(secretary, city.reviews["two-a"])) == [("panel-full", "experts")]
    with pytest.raises(NotYou):
        allotments.further(city.as_("expert-1"), city.reviews["two-a"])


def test_without_an_expert_who_fits_it_is_said_what_is_lacking(session: Session) -> None:
    city = make_pool(session, {"expert-1": "71", "expert-2": "71"}, policy=WATCHED)
    ask(city, "two-a", 1, 2)
    score(city, "two-a", 1, "10")
    score(city, "two-a", 2, "90")

    where = refused(NotNow, lambda: allotments.further(city.as_("secretary"), city.reviews["two-a"]))

    assert where == [("experts-lacking", "allotment")]


def test_strictness_looks_at_whole_panels_and_is_for_the_secretary_and_the_auditor(city: City) -> None:
    score(city, "two-a", 1, "60")
    score(city, "two-a", 2, "80")
    assert panel_scores.of_experts(city.as_("secretary"), round_of(city)) == []
    score(city, "two-a", 3, "70")

    found = panel_scores.of_experts(city.as_("auditor"), round_of(city))

    assert [(one.person, one.mean) for one in found] == [
        (city.people["expert-1"], Decimal("-15.00")), (city.people["expert-3"], Decimal("0.00")),
        (city.people["expert-2"], Decimal("15.00")),
    ]  # fmt: skip
    for who in ("expert-1", "bureau-approver", "chair", "head-two", "nobody"):
        with pytest.raises(NotFound):
            panel_scores.of_experts(city.as_(who), round_of(city))
