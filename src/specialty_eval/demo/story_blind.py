"""One round is scored blind: experts do not learn whose material they see, and it is looked through."""

from collections.abc import Iterator
from functools import partial

from specialty_eval.actions import material

from .story import YEARS, Tale
from .world import Step, World

BLIND = 2
"""The round whose experts do not know."""


def begun(world: World, number: int) -> None:
    """Before the first expert is asked."""
    if number == BLIND:
        reason = "本批次匿名评分：专家多与参评学校同处一地"
        material.set_blind(world.as_("secretary"), world.round_id(number), True, reason)


def steps(number: int) -> Iterator[Step]:
    """The material of one review: all of it looked through, what could not be read released by somebody who did."""
    if number == BLIND:
        yield Step(
            f"{YEARS[number - 1]} 盲评材料 · material looked through and released", partial(_look, number=number)
        )


def _look(world: World, number: int) -> None:
    world.pause(30)
    reviews = world.reviews(number)
    for specialty in world.city.told(Tale.GAPS, number):
        review = reviews[specialty.code]
        held = [piece for piece in material.check(world.as_("secretary"), review) if not piece.open]
        world.pause(30)
        reason = "扫描件无法自动识别，已逐页核看并遮去校名"
        material.release(world.as_("secretary"), review, held[0].attachment_id, reason)
