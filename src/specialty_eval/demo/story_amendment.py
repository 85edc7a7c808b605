"""Slips in the pinned policy come to light once scores are there: simulated, a new version pinned, scored anew."""

from collections.abc import Iterator
from functools import partial

from specialty_eval import policies
from specialty_eval.actions import amendments, cycles, simulations
from specialty_eval.actions.amendments import NewVersion
from specialty_eval.actions.simulations import Tried

from .story import YEARS
from .world import POLICY, Step, World

MENDED = (("[[0, 0], [300, 100]]", "[[0, 0], [310, 100]]"), ("override_needs: 2/3", "override_needs: 1/2"))
"""The points of one indicator and the majority for another rating, as the policy has them and as they were meant."""
VERSION = "2026.2"
REASON = (
    "F6 社会培训人次的满分线折算有误：按全市专业点数折合每专业310人次，原误作300人次；"
    "委员会议事规则规定改定须到会委员半数以上同意、票数相等由主任委员决定，原误作三分之二"
)
DRAWS = 200


def text(pinned: str) -> str:
    """The policy as it was meant: two numbers and its version."""
    for wrong, right in (('version: "2026.1"', f'version: "{VERSION}"'), *MENDED):
        pinned = pinned.replace(wrong, right, 1)
    return pinned


def steps(number: int) -> Iterator[Step]:
    """In the last round, before any school has opened its sheet."""
    if number == len(YEARS):
        yield Step(f"{YEARS[number - 1]} 办法更正 · the pinned policy amended", partial(_amend, number=number))


def _amend(world: World, number: int) -> None:
    world.pause(90)
    cycles.import_policy(world.as_("policy-editor"), text(policies.text(POLICY)))
    round_id = world.round_id(number)
    tried = simulations.simulate(world.as_("policy-editor"), round_id, Tried(policy=(POLICY, VERSION), draws=DRAWS))
    made = amendments.propose(world.as_("policy-editor"), round_id, NewVersion(POLICY, VERSION, REASON, tried.id))
    world.wait(1)
    amendments.record(world.as_("approver"), made.id)
