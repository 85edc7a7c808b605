"""A part in one review opens that review alone: who scores sees its evidence, who hears an appeal sees the sheet."""

import pytest
from sqlalchemy.orm import Session

from factories_deliberation import employ, refused
from factories_rights import World, make_world
from remembered import remembered_fixture
from specialty_eval.actions import challenges, panel, views
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.errors import NotFound, NotNow, NotYou
from specialty_eval.store.reviews import Review


@remembered_fixture
def world(session: Session) -> World:
    return make_world(session)


def seen(world: World, who: str, state: str) -> object:
    row = world.sitting.session.get_one(Review, world.reviews[state])
    return views.review_view(world.as_(who), row)["evidence"]


def test_an_expert_sees_the_evidence_of_what_they_are_asked_to_score_and_of_nothing_else(world: World) -> None:
    assert seen(world, "expert-1", "verified") is None, "before accepting, the title alone"
    panel.answer(world.as_("expert-1"), int(str(world.named["assignment_id"])), AssignmentEvent.ACCEPT)
    assert seen(world, "expert-1", "verified")
    for who, state in (("expert-1", "checked"), ("expert-2", "verified")):
        with pytest.raises(NotFound):
            seen(world, who, state)


def test_nobody_has_scored_who_had_nothing_to_score(world: World) -> None:
    key = int(str(world.named["assignment_id"]))
    asked = panel.answer(world.as_("expert-1"), key, AssignmentEvent.ACCEPT)

    assert refused(NotNow, lambda: panel.score(world.as_("expert-1"), key, {})) == [("no-panel-measures", "assignment")]
    assert asked.state == "accepted"


def test_whoever_declined_sees_it_no_longer(world: World) -> None:
    key = int(str(world.named["assignment_id"]))
    panel.answer(world.as_("expert-1"), key, AssignmentEvent.DECLINE, reason="示例：近亲")

    with pytest.raises(NotFound):
        seen(world, "expert-1", "verified")


def test_an_expert_sees_no_sheet_and_no_other_expert(world: World) -> None:
    with pytest.raises(NotFound):
        challenges.read_sheet(world.as_("expert-1"), world.reviews["verified"])
    panel.invite(world.as_("secretary"), world.reviews["verified"], [world.city.people["expert-3"]])

    rows = panel.assignments(world.as_("expert-1"), world.reviews["verified"])
    assert [row.assignment.person_id for row in rows] == [world.city.people["expert-1"]]


def test_an_appeals_panel_sees_the_sheet_it_judges_and_no_other(world: World) -> None:
    assert challenges.read_sheet(world.as_("appeal-1"), world.reviews["appealed"])["rating"] == "red"
    for who, state in (("appeal-1", "confirmed"), ("appeal-2", "appealed")):
        with pytest.raises(NotFound):
            challenges.read_sheet(world.as_(who), world.reviews[state])


def test_an_expert_who_came_to_work_at_the_school_sees_nothing_any_more(world: World) -> None:
    employ(world.sitting, "expert-1", school="two")

    with pytest.raises(NotYou):
        seen(world, "expert-1", "verified")
