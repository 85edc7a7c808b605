"""What the bureau itself got wrong: a slip of the pen by an erratum, a figure by a decision that supersedes the old."""

from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import publications, superseding
from specialty_eval.actions.superseding import Corrected
from specialty_eval.store import publications_queries

from . import known
from .city import City
from .story import YEARS, Tale, scored_year
from .story_publication import newest
from .world import Step, World


def erratum(number: int) -> Iterator[Step]:
    """A name was misspelt in the first list."""
    if number == 1:
        yield Step(f"{YEARS[number - 1]} 公示勘误 · an erratum of the list", partial(_erratum, number=number))


def opened(city: City, number: int) -> Iterator[Step]:
    """What the bureau struck out was right after all: the rating is decided anew."""
    if city.told(Tale.TAKEN_OVER, number):
        yield Step(f"{YEARS[number - 1]} 市级更正 · a correction opened", partial(_open, number=number))


def _erratum(world: World, number: int) -> None:
    world.wait(1)
    text = "名单第3行学校名称应为《职业院校名录》所载全称，简称有误，以本勘误为准"
    made = newest(world, number)
    third = world.session.execute(publications_queries.lines(made).order_by(sa.text("code"))).all()[2]
    publications.erratum(world.as_("secretary"), made.id, text, third.review_id)


def _open(world: World, number: int) -> None:
    world.wait(2)
    for specialty in world.city.told(Tale.TAKEN_OVER, number):
        review = world.reviews(number)[specialty.code]
        true = known.of_year(world, scored_year(number))[specialty.code]["partner_posts"]
        reason = "代审时漏收校企合作协议，误作不予认可；经核实协议齐备"
        superseding.correct(world.as_("approver"), review, Corrected(reason, "verified", {"partner_posts": true}))
