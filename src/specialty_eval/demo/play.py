"""The whole story in order: the installation, three rounds with their plans, what is left open at the end."""

from collections.abc import Iterator

from . import (
    story_appeal,
    story_applications,
    story_evidence,
    story_later,
    story_lists,
    story_meeting,
    story_plan,
    story_publication,
    story_rectification,
    story_scoring,
    story_start,
)
from .city import City
from .story import YEARS
from .world import Step

MILESTONES = ("the cycle", "collecting opens", "the score run", "confirmed", "the academic year begins")
"""The steps whose end is worth a line where no bar is shown."""


def steps(city: City) -> Iterator[Step]:
    """Every step of the story."""
    yield from story_start.steps()
    for number, _ in enumerate(YEARS, 1):
        yield story_start.figures_of(number)
        yield from story_evidence.steps(city, number)
        yield from story_scoring.steps(city, number)
        yield from story_meeting.steps(number)
        yield from story_publication.steps(city, number)
        yield from story_publication.reopened(city, number)
        yield from story_appeal.lodged(city, number)
        yield story_rectification.planned(number)
        yield from story_rectification.rechecked(number)
        yield from story_appeal.decided(city, number)
        yield from story_plan.planned(number)
        yield from story_lists.published(number)
        if number == len(YEARS):
            yield from story_applications.steps(number)
        yield story_rectification.begun(number)
        yield from story_publication.again(city, number)
        yield from story_appeal.superseded(city, number)
        yield from story_later.steps(city, number)
        yield from story_plan.begun(city, number)
        yield from story_rectification.autumn(number)
        if number < len(YEARS):
            yield story_publication.concluded(number)
    yield story_plan.ahead(len(YEARS))
