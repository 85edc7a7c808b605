"""What too few experts scored in time: further experts, a further run, a list of its own; and what stays open."""

from collections.abc import Iterator
from functools import partial

from specialty_eval.actions import letter_batches, scoring

from . import story_again, story_appeal, story_meeting, story_publication, story_scoring
from .city import City, Specialty
from .story import LATER, YEARS
from .world import Step, World


def steps(city: City, number: int) -> Iterator[Step]:
    """The further run and what follows from it, in the round's summer."""
    if any(city.told(tale, number) for tale in LATER):
        year = YEARS[number - 1]
        yield Step(f"{year} 补请专家 · further experts score", partial(_experts, number=number))
        yield Step(f"{year} 补充计分、补议 · a further run, decided, publicised", partial(_decide, number=number))
        yield Step(f"{year} 对补充名单的异议 · objections to it", partial(story_publication.object_, number=number))
        yield Step(f"{year} 补充认定 · what is not contested is confirmed", partial(_confirm, number=number))
        yield Step(f"{year} 申诉在审 · an appeal is lodged and admitted", partial(story_appeal.lodge, number=number))


def _reviews(world: World, number: int, *states: str) -> list[tuple[Specialty, int]]:
    reviews = world.reviews(number, *states)
    return [(s, reviews[s.code]) for tale in LATER for s in world.city.told(tale, number) if s.code in reviews]


def _experts(world: World, number: int) -> None:
    world.on(YEARS[number - 1], 7, 8)
    story_scoring.replace_silent(world, number, _reviews(world, number, "verified"))


def _decide(world: World, number: int) -> None:
    world.on(YEARS[number - 1], 7, 27)
    scoring.run(world.as_("secretary"), world.round_id(number))
    some = _reviews(world, number, "scored")
    story_again.decide(world, number, some, story_meeting.COMMITTEE, f"{YEARS[number - 1]}年审议会（补充）")


def _confirm(world: World, number: int) -> None:
    some = _reviews(world, number, "publicised")
    paper = story_publication.document(number, 2)
    publication = story_publication.newest(world, number)
    story_again.confirm(world, publication, paper, some)
    letters = letter_batches.of_list(world.as_("secretary"), publication.id)
    letter_batches.go_on(world.as_("secretary"), letters.id)
