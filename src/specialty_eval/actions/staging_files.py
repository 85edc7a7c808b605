"""A staged file and its owner, what it would change, and what stands in the way of its yes. No file is opened here."""

import hashlib
from collections.abc import Sequence

from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.permissions import FILLS_IN, HELD_AT, reach
from specialty_eval.engine.policy import Policy
from specialty_eval.store import cycles, rows, staged_drafts, staging_progress, staging_queries
from specialty_eval.store.cycles import Round
from specialty_eval.store.staging import StagedFile

from . import charsets
from .context import Context
from .intake_tables import FIGURES

FILE = "evidence"
"""What a problem calls the file."""
CSV, XLSX = charsets.CSV, charsets.XLSX
MOST_BYTES = 64 << 20
COUNTS = ("rows", "values", "new", "changed", "gone", "unchanged")


def permitted(ctx: Context) -> None:
    """Pass whoever supplies any measure; NotYou for everybody else."""
    holds = any(
        g.role in FIGURES.loaded_by and g.holds(ctx.today) and g.kind in HELD_AT[g.role] for g in ctx.actor.grants
    )
    if not holds and not ctx.actor.is_system:
        raise NotYou(Problem("role-missing", FILE, {"roles": sorted(role.value for role in FIGURES.loaded_by)}))


def permitted_in(ctx: Context, round_id: int, policy: tuple[str, str]) -> None:
    """Pass whoever fills in drafts, for a round and the policy that it pins; NotYou, NotFound, Invalid."""
    if not any(g.role in FILLS_IN and g.holds(ctx.today) for g in ctx.actor.grants):
        raise NotYou(Problem("role-missing", FILE, {"roles": sorted(role.value for role in FILLS_IN)}))
    row = ctx.session.get(Round, round_id)
    if row is None or row.collecting_due is None:
        raise NotFound(Problem("not-found", "round", {"kind": "round", "id": round_id}))
    pinned = cycles.policy_of(ctx.session, row.policy_id)
    if policy != (pinned.id, pinned.version):
        facts = {"value": "@".join(policy), "expected": f"{pinned.id}@{pinned.version}"}
        raise Invalid(Problem("policy-not-of-round", "policy", facts))


def rounds_to_fill(ctx: Context) -> list[tuple[Round, Policy]]:
    """The rounds that ask the caller's own schools for something now, each with its policy."""
    schools = [int(key) for key in reach(ctx.actor, FILLS_IN, ctx.today).schools]
    found = staged_drafts.rounds_to_fill(ctx.session, schools) if schools else []
    return [(row, cycles.policy_of(ctx.session, row.policy_id)) for row in found]


def usual_policy(ctx: Context, asked: Sequence[tuple[Round, Policy]]) -> str:
    """The policy that a file of the caller's is most likely by, `id@version`: that of the round which asks them for
    something, else the one in use where they hold their roles; "" where there is none.
    """
    if asked:
        return f"{asked[0][1].id}@{asked[0][1].version}"
    places = {g.jurisdiction for g in ctx.actor.grants if g.holds(ctx.today)}
    return "@".join(cycles.policy_in_use(ctx.session, places) or ())


def round_of(ctx: Context, row: StagedFile) -> Round | None:
    """The round whose drafts a file fills."""
    return None if row.round_id is None else ctx.session.get_one(Round, row.round_id)


def own(ctx: Context, file_id: int, *, lock: bool = False) -> StagedFile:
    """The caller's own file; NotFound for anybody else's, and for one that has expired."""
    row = rows.locked(ctx.session, StagedFile, file_id) if lock else ctx.session.get(StagedFile, file_id)
    if row is None or not _is_own(ctx, row) or (row.expires_at <= ctx.now and row.confirmed_at is None):
        raise NotFound(Problem("not-found", FILE, {"kind": "staged_file", "id": file_id}))
    return row


def _is_own(ctx: Context, row: StagedFile) -> bool:
    if ctx.actor.is_system:
        return True
    key = None if row.key_id is None else str(row.key_id)
    by = None if row.received_by is None else str(row.received_by)
    return (by, key) != (None, None) and (by, key) == (ctx.actor.person_id, ctx.actor.key_id)


def policy_of(ctx: Context, row: StagedFile) -> Policy:
    """The policy whose measures a file reports."""
    return cycles.policy_named(ctx.session, row.policy_id, row.policy_version)


def suppliers_of(row: StagedFile, policy: Policy) -> list[str]:
    """Who supplies each of the file's measures."""
    return [policy.measures[code].supplier for code in row.measures]


def compare(ctx: Context, row: StagedFile, policy: Policy) -> None:
    """Say what a checked file would change as things stand now, under a hash that stands for exactly that."""
    found = staging_queries.compare(ctx.session, row, suppliers_of(row, policy))
    row.counts = {
        **row.counts, "new": row.counts["values"] - found.met, "changed": found.changed, "gone": found.gone,
        "unchanged": found.met - found.changed,
    }  # fmt: skip
    row.difference = hash_of(row, found.base)


def hash_of(row: StagedFile, base: str) -> str:
    """What a file does follows from its bytes, its policy, how it is meant, and what is on record."""
    said = "\n".join([row.digest, row.policy_digest, row.media_type, str(row.whole), base])
    return hashlib.sha256(said.encode()).hexdigest()


def tell(ctx: Context, file_id: int, stage: str, done: int = 0, of: int = 0) -> None:
    """Say how far this transaction is with a file, for whoever waits for it."""
    staging_progress.tell(ctx.session, file_id, staging_progress.Told(stage, done, of))


def refuse_open(row: StagedFile) -> None:
    """NotNow for a file that is not checked yet or is confirmed already."""
    if row.checked_at is None:
        raise NotNow(Problem("file-not-checked-yet", FILE))
    if row.confirmed_at is not None:
        raise NotNow(Problem("file-confirmed", FILE, {"at": row.confirmed_at.isoformat()}))


def refuse_unshown(row: StagedFile, difference: str) -> None:
    """Invalid for a file with a problem; Changed unless exactly this difference was shown last."""
    refuse_open(row)
    if row.problems:
        raise Invalid(Problem("file-has-problems", FILE, {"value": row.problems, "totals": row.totals["problem"]}))
    if row.difference != difference:
        raise Changed(Problem("difference-not-this", FILE, {"yours": difference[:64], "current": row.difference}))
