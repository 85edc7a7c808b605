"""A mistake in a pinned policy is mended: a new version pinned to its round by two people, and what was scored, anew.

Runs already made stay readable: each says by which version it was made.
"""

from dataclasses import dataclass

from specialty_eval.engine.amendment import (
    AMENDMENT,
    PROPOSES,
    AmendmentEvent,
    AmendmentFacts,
    AmendmentState,
    objections_to_proposing,
)
from specialty_eval.engine.cycle import ROUND_ENDED
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import Scope, Thing, may_read
from specialty_eval.store import amendments, attributes, cycles
from specialty_eval.store.amendments import Amendment
from specialty_eval.store.cycles import PolicyDocument, Round

from . import scoring
from .context import Context, Note, Possible
from .paging import Page


@dataclass(frozen=True, slots=True)
class NewVersion:
    """Which version of the pinned policy is to be pinned, why, and what was tried with it."""

    policy_id: str
    policy_version: str
    reason: str
    simulation_id: int | None = None


def propose(ctx: Context, round_id: int, new: NewVersion) -> Amendment:
    """Propose another version of a round's policy, with the reason and what it was simulated to change.

    Invalid where it is no other version of that policy that may govern a round; NotNow with every reason.
    """
    r = cycles.round_of(ctx.session, round_id)
    grant = ctx.permit(PROPOSES, Scope(city=r.city), where="amendment")
    if ctx.person_id is None:
        raise NotYou(Problem("person-needed", "amendment"))
    row = ctx.locked(Round, round_id)
    document = amendments.document_named(ctx.session, new.policy_id, new.policy_version)
    problems = _unfit(ctx, row, new, document)
    if document is None or problems:
        raise Invalid(*problems)
    made = Amendment(round_id=round_id, from_policy_id=row.policy_id, to_policy_id=document.id,
                     simulation_id=new.simulation_id, reason=new.reason.strip(), state=AMENDMENT.start.value,
                     proposed_by=ctx.person_id, proposed_at=ctx.now, version=1, updated_at=ctx.now)  # fmt: skip
    if objections := objections_to_proposing(_facts(ctx, made, row, made.reason)):
        raise NotNow(*objections)
    ctx.saved(made)
    ctx.record("amendment.propose", made, Note(reason=made.reason, told=_told(ctx, made), round_id=round_id),
               grant=grant)  # fmt: skip
    return made


def _unfit(ctx: Context, row: Round, new: NewVersion, document: PolicyDocument | None) -> list[Problem]:
    """Why this is no other version of the pinned policy that may govern the round."""
    named = f"{new.policy_id}@{new.policy_version}"
    if document is None:
        return [Problem("policy-unknown", "policy", {"value": named})]
    pinned = cycles.policy_of(ctx.session, row.policy_id)
    problems = []
    if document.policy_id != pinned.id:
        problems.append(Problem("policy-of-another-name", "policy", {"value": named, "pinned": pinned.id}))
    if document.id == row.policy_id:
        problems.append(Problem("policy-pinned-already", "policy", {"value": named}))
    unfit = attributes.unfit(cycles.policy_of(ctx.session, document.id))
    return problems + [Problem(p.code, f"policy.{p.where}", p.facts) for p in unfit]


def _facts(ctx: Context, made: Amendment, row: Round, reason: str) -> AmendmentFacts:
    """What proposing and recording look at, of a round under its lock."""
    city = cycles.round_of(ctx.session, row.id).city
    pinned, then, new = (
        cycles.policy_of(ctx.session, key).digest for key in (row.policy_id, made.from_policy_id, made.to_policy_id)
    )
    run = amendments.newest_run_under(ctx.session, row.id, city, row.policy_id)
    return AmendmentFacts(
        first_person=str(made.proposed_by),
        second_person=ctx.actor.person_id or "",
        round_ended=row.state in ROUND_ENDED,
        public=amendments.public_results(ctx.session, row.id),
        pinned=pinned,
        pinned_then=then,
        runs=0 if run is None else 1,
        simulated=amendments.tries(ctx.session, made.simulation_id, run, new, pinned),
        reason=reason,
    )


def _told(ctx: Context, made: Amendment) -> dict[str, object]:
    """Which version gives way to which, and what was tried."""
    was, new = (cycles.policy_of(ctx.session, key) for key in (made.from_policy_id, made.to_policy_id))
    return {"policy": new.id, "from": was.version, "to": new.version, "digest": new.digest,
            "simulation": made.simulation_id}  # fmt: skip


def _locked(ctx: Context, amendment_id: int, version: int | None) -> tuple[Amendment, Round]:
    """The amendment and its round under locks, the round first: whoever scores or publishes waits."""
    seen = read(ctx, amendment_id)
    row = ctx.locked(Round, seen.round_id)
    return ctx.locked(Amendment, amendment_id, version=version), row


def record(ctx: Context, amendment_id: int, *, version: int | None = None) -> Amendment:
    """The second person records it: the new version is pinned, and all that was scored is scored anew by it at once.

    So no review stands on a sheet by a version that its round does not pin. NotNow with every reason.
    """
    made, row = _locked(ctx, amendment_id, version)
    scope, facts = Scope(city=cycles.round_of(ctx.session, row.id).city), _facts(ctx, made, row, made.reason)
    note = Note(reason=made.reason, audience="public", told=_told(ctx, made), round_id=row.id)
    ctx.advance(AMENDMENT, made, AmendmentEvent.RECORD, facts, scope, note=note,
                changes={"recorded_by": ctx.person_id, "recorded_at": ctx.now})  # fmt: skip
    cycles.pin(ctx.session, row, made.to_policy_id)
    row.version += 1
    run = scoring.score_under_amendment(ctx, row.id, made.reason)
    made.run_id = None if run is None else run.id
    return ctx.saved(made)


def withdraw(ctx: Context, amendment_id: int, reason: str, *, version: int | None = None) -> Amendment:
    """Take a proposed amendment back, with a reason."""
    made, row = _locked(ctx, amendment_id, version)
    scope = Scope(city=cycles.round_of(ctx.session, row.id).city)
    ctx.advance(AMENDMENT, made, AmendmentEvent.WITHDRAW, AmendmentFacts(reason=reason), scope,
                note=Note(reason=reason, told=_told(ctx, made), round_id=row.id))  # fmt: skip
    return made


# --- reading ---------------------------------------------------------------------------------------------------------


def read(ctx: Context, amendment_id: int) -> Amendment:
    """An amendment: everybody's once recorded; before, NotFound for whoever may not know of it."""
    made = ctx.session.get(Amendment, amendment_id)
    if made is None:
        raise NotFound(Problem("not-found", "amendment", {"kind": "amendment", "id": amendment_id}))
    if made.state != AmendmentState.RECORDED:
        city = cycles.round_of(ctx.session, made.round_id).city
        ctx.permit_read(Thing.SIMULATIONS, Scope(city=city), where="amendment")
    return made


def listing(ctx: Context, round_id: int, page: Page) -> tuple[list[Amendment], str | None]:
    """A round's amendments in their order: the recorded ones for everybody, the others for the office."""
    city = cycles.round_of(ctx.session, round_id).city
    query = amendments.of_round(round_id)
    if not may_read(ctx.actor, Thing.SIMULATIONS, Scope(city=city), ctx.today):
        query = query.where(Amendment.state == AmendmentState.RECORDED.value)
    rows = list(ctx.session.scalars(page.within(query, Amendment.id)))
    shown, cursor = page.cut(rows, lambda row: (row.id,))
    return list(shown), cursor


def possible(ctx: Context, made: Amendment) -> list[Possible]:
    """What the caller may do with it, each with why it is not possible now, but for the reason to be written."""
    row = ctx.session.get_one(Round, made.round_id)
    scope = Scope(city=cycles.round_of(ctx.session, row.id).city)
    return ctx.possible(AMENDMENT, made.state, _facts(ctx, made, row, "…"), scope)


def versions(ctx: Context, made: Amendment) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """(id, version, digest) of the version that gave way, and of the one in its place."""
    was, new = (cycles.policy_of(ctx.session, key) for key in (made.from_policy_id, made.to_policy_id))
    return (was.id, was.version, was.digest), (new.id, new.version, new.digest)
