"""The votes on an item are level and the chair settles it; the secretary, who closes it too, is told what changed.

By the shipped policy another rating needs two thirds, and no two can be level: this is by the version set right.
"""

from collections.abc import Iterator
from functools import partial

from specialty_eval.actions import ballots, decisions
from specialty_eval.actions.context import Note
from specialty_eval.engine.errors import Changed
from specialty_eval.engine.policy import Rating
from specialty_eval.store.deliberation import MeetingItem
from specialty_eval.store.reviews import Review

from .city import City
from .people import CHAIR
from .story import YEARS, Tale
from .story_meeting import COMMITTEE, items_of, last_meeting
from .world import REFUSED, Step, World

HALF = len(COMMITTEE.members) // 2
WANTED = "实训基地新近投用，订单培养扩大，评分时点未能反映"
"""Why half of the committee, with the chair, wants green where yellow was computed."""


def steps(city: City, number: int) -> Iterator[Step]:
    """At the end of the meeting of a round in which half of those present are enough."""
    if city.told(Tale.TIED, number):
        year = YEARS[number - 1]
        yield Step(f"{year} 表决票数相等 · the votes are level", partial(_cast, number=number))
        yield Step(f"{year} 主任委员决定 · the chair settles the tie", partial(_settle, number=number))
        yield Step(f"{year} 另一人同时办结 · somebody else closes the same item", partial(_close_too, number=number))


def _item(world: World, number: int) -> MeetingItem:
    (specialty,) = world.city.told(Tale.TIED, number)
    items = items_of(world, last_meeting(world, number).id)
    return world.session.get_one(MeetingItem, items[world.reviews(number)[specialty.code]])


def _cast(world: World, number: int) -> None:
    """Everybody votes, half for green, half for what was computed; then the vote ends."""
    world.pause(10)
    item = _item(world, number)
    ballots.call_vote(world.as_(CHAIR), item.id)
    for n, login in enumerate(sorted(COMMITTEE.members, key=lambda login: login != CHAIR)):
        choice, reason = (Rating.GREEN, WANTED) if n < HALF else (Rating.YELLOW, "")
        ballots.cast(world.as_(login), item.id, choice.value, reason)
    ballots.end_vote(world.as_(CHAIR), item.id)


def _settle(world: World, number: int) -> None:
    """Of two ratings that each have the majority they need, the one that the chair says."""
    item, reason = _item(world, number), f"{WANTED}；票数相等，由主任委员决定"
    decisions.close(world.as_(CHAIR), item.id, reason=reason, casting=Rating.GREEN, version=item.version)


def _close_too(world: World, number: int) -> None:
    """The secretary has the item before her as it was a moment ago, and closes it: there is a decision already."""
    item, secretary = _item(world, number), world.as_("secretary")
    as_read = item.version - 1
    try:
        decisions.close(secretary, item.id, reason=WANTED, version=as_read)
    except Changed as refusal:
        (problem,) = refusal.problems
        told = {"code": problem.code, "where": problem.where, **problem.facts}
        of = world.session.get_one(Review, item.review_id)
        secretary.record(REFUSED, item, Note(told=told, specialty_id=of.specialty_id, round_id=of.round_id))
        return
    raise AssertionError("decided twice")
