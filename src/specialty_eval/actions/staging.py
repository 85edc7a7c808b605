"""A file of evidence from its arrival to its yes: received, checked whole, compared, confirmed as shown, or gone.

Nothing of it is on record before the yes; what is confirmed is what was shown, or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from specialty_eval.engine.characters import file_name
from specialty_eval.engine.csv_records import refuse_size
from specialty_eval.engine.errors import NotNow, Problem, Refusal
from specialty_eval.store import cycles, staging_queries
from specialty_eval.store.registry import Intake
from specialty_eval.store.reviews import Attachment
from specialty_eval.store.staging import StagedFile

from .context import Context
from .staging_files import (
    FILE,
    MOST_BYTES,
    compare,
    own,
    permitted,
    permitted_in,
    policy_of,
    refuse_open,
    refuse_unshown,
)

KEPT = timedelta(days=7)
"""A file that nobody confirms is forgotten after so long."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it came: its bytes, what it says it is, what it is called."""

    content: bytes
    media_type: str
    name: str = ""
    round_id: int | None = None
    """The round whose drafts it fills; none for the yearly figures on record."""


def receive(ctx: Context, file: Received, policy: str, *, whole: bool = False) -> StagedFile:
    """Keep a file to be checked. `policy` (`ID@VERSION`) is the one whose measures it reports.

    `whole`: it is all that its columns say of its rows, and an empty cell takes what is on record off it.
    """
    permitted(ctx)
    refuse_size(FILE, len(file.content), MOST_BYTES)
    identity, _, version = policy.rpartition("@")
    if file.round_id is not None:
        permitted_in(ctx, file.round_id, (identity, version))
    found = cycles.policy_named(ctx.session, identity, version)
    key = None if ctx.actor.key_id is None else int(ctx.actor.key_id)
    return ctx.saved(
        StagedFile(policy_id=identity, policy_version=version, policy_digest=found.digest,
                   round_id=file.round_id, name=file_name(file.name) if file.name else "",
                   digest=ctx.files.put(file.content), media_type=file.media_type, size=len(file.content), whole=whole,
                   received_at=ctx.now, received_by=ctx.person_id, key_id=key, expires_at=ctx.now + KEPT)
    )  # fmt: skip


def check(ctx: Context, file_id: int) -> StagedFile:
    """Read a file, check every row, lay down those in order, and compare them with what is on record.

    What is wrong with it is kept as remarks, all of it at once; a file that cannot be read has that as its one.
    """
    from .staging_check import check as checked  # noqa: PLC0415 -- slow import: NumPy

    return checked(ctx, file_id)


def confirm(ctx: Context, file_id: int, difference: str) -> StagedFile:
    """Put exactly the difference that was shown on record, in the caller's transaction.

    Changed when another was shown, or when what is on record has changed since; NotYou and NotNow as when it was
    checked, for rights and reviews are looked at again.
    """
    from .staging_confirm import confirm as confirmed  # noqa: PLC0415 -- slow import: NumPy

    return confirmed(ctx, file_id, difference)


# --- comparing and the yes -------------------------------------------------------------------------------------------


def compare_again(ctx: Context, file_id: int) -> StagedFile:
    """Compare a checked file with what is on record by now; with drafts by checking it again, for they move."""
    row = own(ctx, file_id, lock=True)
    refuse_open(row)
    if row.round_id is not None:
        staging_queries.forget(ctx.session, [row.id])
        row.checked_at, row.difference = None, ""
        return check(ctx, ctx.saved(row).id)
    compare(ctx, row, policy_of(ctx, row))
    return ctx.saved(row)


def ask(ctx: Context, file_id: int, difference: str) -> StagedFile:
    """Give the yes that a job carries out: for a file that takes long."""
    row = own(ctx, file_id, lock=True)
    refuse_unshown(row, difference)
    row.asked_at, row.refused = ctx.now, []
    return ctx.saved(row)


def take(ctx: Context, file_id: int) -> StagedFile:
    """Carry out the yes that was given; what stands in its way by now is kept for whoever gave it."""
    row = own(ctx, file_id)
    if row.asked_at is None or row.confirmed_at is not None:
        return row
    try:
        return confirm(ctx, file_id, row.difference)
    except Refusal as refusal:
        row.refused = [{"code": p.code, "where": p.where, "facts": dict(p.facts)} for p in refusal.problems]
        return ctx.saved(row)


# --- the end of it ---------------------------------------------------------------------------------------------------


def discard(ctx: Context, file_id: int) -> None:
    """Forget a file that is not confirmed, at once."""
    row = own(ctx, file_id, lock=True)
    if row.confirmed_at is not None:
        raise NotNow(Problem("file-confirmed", FILE, {"at": row.confirmed_at.isoformat()}))
    _forget(ctx, [row])


def forget_expired(ctx: Context) -> int:
    """Forget every file that nobody confirmed in time, and of the others what was said about them; how many."""
    found = list(ctx.session.scalars(sa.select(StagedFile).where(StagedFile.expires_at <= ctx.now)))
    _forget(ctx, [row for row in found if row.confirmed_at is None])
    kept = [row for row in found if row.confirmed_at is not None]
    if kept:
        staging_queries.forget(ctx.session, [row.id for row in kept])
    return len(found) - len(kept)


def _forget(ctx: Context, gone: Sequence[StagedFile]) -> None:
    if not gone:
        return
    staging_queries.forget(ctx.session, [row.id for row in gone])
    for row in gone:
        ctx.session.delete(row)
    ctx.session.flush()
    for digest in {digest for row in gone for digest in (row.digest, row.annotated) if digest}:
        if not _is_named(ctx, digest):
            ctx.files.drop(digest)


def _is_named(ctx: Context, digest: str) -> bool:
    """Whether anything on record still rests on these bytes."""
    named = (StagedFile.digest, StagedFile.annotated, Intake.digest, Attachment.sha256)
    return any(ctx.session.scalar(sa.select(sa.exists().where(column == digest))) for column in named)
