"""Some reviews decided on their own, apart from the round's many: scored, sat on, previewed, publicised, confirmed."""

from collections.abc import Sequence

from specialty_eval.actions import challenges, previews, publications, ratings, scoring
from specialty_eval.store.outcomes import Publication

from . import story_meeting, story_scoring
from .city import Specialty
from .story_meeting import Bench
from .world import World

Reviewed = tuple[Specialty, int]
"""A specialty with its review."""


def decide_again(
    world: World, number: int, again: Sequence[Reviewed], bench: Bench, document: str, also: Sequence[Reviewed] = ()
) -> None:
    """Reviews from `verified` to `confirmed`, with everything that is due on the way: their figures were set right.

    On the same list whatever was `also` decided.
    """
    world.wait(2)
    for _, review in again:
        scoring.rescore(world.as_("secretary"), review)
    made = decide(world, number, again, bench, f"复议会：{'、'.join(specialty.name for specialty, _ in again)}", also)
    confirm(world, made, document, [*again, *also])


def decide(
    world: World, number: int, some: Sequence[Reviewed], bench: Bench, title: str, also: Sequence[Reviewed] = ()
) -> Publication:
    """From `scored` to a list in publicity, which is returned; on it whatever was `also` decided."""
    for specialty, review in some:
        challenges.open_sheet(world.as_(f"head-{specialty.school}"), review)
    reviews = [review for _, review in some]
    cases = story_meeting.cases_of(world, reviews)
    for review, case in cases.items():
        if case.owes_visit(world.policy):
            world.wait(2)
            story_scoring.visited(world, review, "visitor-1", "实地考察：情况与核查结论一致")
    world.after(max(case.challenge_due for case in cases.values() if case.challenge_due is not None))
    meeting = story_meeting.call(world, number, title, bench, reviews)
    story_meeting.declare(world, meeting, bench.members, {})
    for item in story_meeting.items_of(world, meeting).values():
        story_meeting.vote(world, item, bench)
    world.wait(1)
    reviews += [review for _, review in also]
    previews.preview(world.as_("secretary"), world.round_id(number), reviews)
    for specialty, review in (*some, *also):
        previews.acknowledge(world.as_(f"head-{specialty.school}"), review)
    world.wait(6)
    made = publications.draft(world.as_("secretary"), world.round_id(number), reviews)
    publications.approve(world.as_("approver"), made.id, made.digest)
    publications.open_publicity(world.as_("secretary"), made.id)
    return made


def confirm(world: World, publication: Publication, document: str, some: Sequence[Reviewed]) -> None:
    """Once its days are over: what nobody contests is confirmed, and its school receives it."""
    world.after(publication.closes_at)
    publications.close(world.clock(), publication.id)
    found = ratings.confirm(world.as_("approver"), publication.id, document)
    for specialty, review in some:
        if review in found.confirmed:
            ratings.receive(world.as_(f"head-{specialty.school}"), review)
