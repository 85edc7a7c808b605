"""From ratings in force to the catalogue: which entries may not be opened next year, and which the city is short of."""

from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import lists
from specialty_eval.actions.lists import Named
from specialty_eval.engine.lists import ListKind
from specialty_eval.store.specialty_lists import SpecialtyListEntry

from .story import YEARS
from .world import Step, World

KEPT_OPEN = "市里统筹：县域唯一布点，允许再设一个"


def published(number: int) -> Iterator[Step]:
    """Both lists of the round: built, an entry exempted by name, approved by somebody else, published for next year."""
    year = YEARS[number - 1]
    yield Step(f"{year} 负面清单发布 · the negative list published", partial(_publish, number=number))


def _publish(world: World, number: int) -> None:
    year = YEARS[number - 1]
    for place, kind in enumerate(ListKind, start=1):
        world.pause(20)
        made = lists.build(world.as_("secretary"), world.round_id(number), kind)
        if kind is ListKind.NEGATIVE and (named := _first_listed(world, made.id)):
            lists.exempt(world.as_("secretary"), made.id, named, KEPT_OPEN)
        world.pause(20)
        lists.approve(world.as_("approver"), made.id, f"示例教专〔{year}〕{place}号", made.digest)
        lists.publish(world.as_("secretary"), made.id, year + 1)


def _first_listed(world: World, key: int) -> Named | None:
    """The first entry that stands on the list."""
    found = sa.select(SpecialtyListEntry.level, SpecialtyListEntry.code).where(
        SpecialtyListEntry.list_id == key, SpecialtyListEntry.exempt_by == ""
    )
    row = world.session.execute(found.order_by(SpecialtyListEntry.code).limit(1)).one_or_none()
    return None if row is None else Named(*row)
