"""One review decided anew on its own: after an objection, after an appeal. Scored, sat on, previewed, publicised."""

from specialty_eval.actions import challenges, panel, previews, publications, ratings, scoring, seals

from . import story_meeting
from .city import Specialty
from .story import YEARS
from .story_meeting import Bench
from .world import World


def decide_again(world: World, number: int, specialty: Specialty, review: int, bench: Bench, document: str) -> None:
    """From `verified` to `confirmed`, with everything that is due on the way."""
    world.wait(2)
    scoring.rescore(world.as_("secretary"), review)
    head = world.as_(f"head-{specialty.school}")
    challenges.open_sheet(head, review)
    case = story_meeting.cases_of(world, [review])[review]
    if case.owes_visit(world.policy):
        world.wait(2)
        panel.report_visit(world.as_("visitor-1"), review, "复核性考察：情况与核查结论一致")
    world.after(case.challenge_due)
    meeting = story_meeting.call(world, number, f"{YEARS[number - 1]}年复议会：{specialty.name}", bench, [review])
    story_meeting.declare(world, meeting, bench.members, {})
    for item in story_meeting.items_of(world, meeting).values():
        story_meeting.vote(world, item, bench)
    world.wait(1)
    previews.preview(world.as_("secretary"), world.round_id(number), [review])
    previews.acknowledge(world.as_(f"head-{specialty.school}"), review)
    world.wait(1)
    made = publications.draft(world.as_("secretary"), world.round_id(number), [review])
    publications.approve(world.as_("approver"), made.id, made.digest)
    seals.seal(world.clock())
    publications.open_publicity(world.as_("secretary"), made.id)
    world.after(made.closes_at)
    publications.close(world.clock(), made.id)
    ratings.confirm(world.as_("approver"), made.id, document)
    ratings.receive(world.as_(f"head-{specialty.school}"), review)
