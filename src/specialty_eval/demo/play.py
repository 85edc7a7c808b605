"""The whole story in order: the installation, three rounds with their plans, what is left open at the end."""

from collections.abc import Iterator

from . import (
    story_appeal,
    story_applications,
    story_changes,
    story_closing,
    story_designations,
    story_evidence,
    story_followers,
    story_later,
    story_lists,
    story_meeting,
    story_plan,
    story_publication,
    story_rectification,
    story_scoring,
    story_start,
    story_superseding,
    story_tie,
)
from .city import City
from .story import YEARS
from .world import Step

MILESTONES = ("the cycle", "collecting opens", "the score run", "confirmed", "the academic year begins")
"""The steps whose end is worth a line where no bar is shown."""


def steps(city: City) -> Iterator[Step]:
    """Every step of the story."""
    yield from story_start.steps()
    yield story_followers.begun()
    for number, _ in enumerate(YEARS, 1):
        yield from _rated(city, number)
        yield from _acted_on(city, number)
        if number < len(YEARS):
            yield story_publication.concluded(number)
    yield from story_changes.successions_of(len(YEARS))
    yield story_plan.ahead(len(YEARS))


def _rated(city: City, number: int) -> Iterator[Step]:
    """A round from the figures to ratings in force, and what is contested of them."""
    yield story_start.figures_of(number)
    yield from story_changes.reported(number)
    yield from story_evidence.steps(city, number)
    yield from story_scoring.steps(city, number)
    yield from story_meeting.steps(number)
    yield from story_tie.steps(city, number)
    yield from story_publication.steps(city, number)
    yield from story_meeting.in_writing(number)
    yield from story_superseding.erratum(number)
    yield from story_publication.reopened(city, number)
    yield from story_appeal.lodged(city, number)


def _acted_on(city: City, number: int) -> Iterator[Step]:
    """What follows in the summer and autumn of its year."""
    yield story_rectification.planned(number)
    yield from story_rectification.rechecked(number)
    yield from story_appeal.decided(city, number)
    yield from story_plan.planned(number)
    yield from story_lists.published(number)
    if number == len(YEARS):
        yield from story_applications.steps(number)
    yield story_rectification.begun(number)
    yield from story_superseding.opened(city, number)
    yield from story_meeting.written(number)
    yield from story_publication.again(city, number)
    yield from story_appeal.superseded(city, number)
    yield from story_later.steps(city, number)
    yield from story_designations.granted(number)
    yield from story_designations.looked_at(number)
    yield from story_plan.begun(city, number)
    yield from story_designations.supported(number)
    yield from story_rectification.autumn(number)
    yield from story_closing.decided(number)
    yield from story_closing.counted(number)
    yield from story_changes.split_off(number)
    yield from story_changes.of_people(number)
