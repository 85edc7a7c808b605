"""Repeated requests: the first answer under an Idempotency-Key, kept in the transaction that did the work."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.store.accounts import IdempotentReply

from .context import Context


@dataclass(frozen=True, slots=True)
class Reply:
    """A kept first answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def caller_of(ctx: Context, request_digest: str) -> str:
    """Whose keys these are: two callers may use the same key for different things.

    Of those who show nothing nobody knows which is which: a key is theirs who send the very same request under it. So
    nobody is refused for another's key or given another's answer, and who comes again from elsewhere still gets theirs.
    """
    actor = ctx.actor
    if actor.person_id is not None:
        return f"person:{actor.person_id}"
    if actor.key_id is not None:
        return f"key:{actor.key_id}"
    return f"public:{hmac.digest(ctx.files.secret(), request_digest.encode(), 'sha256').hex()}"


def first_reply(ctx: Context, key: str, request_digest: str) -> Reply | None:
    """The first answer under this key, or None after claiming the key for this transaction.

    A second request at the same moment waits for the first one's end. Invalid when the key was used for another body,
    and once another role is held than then: a role that ended gives nothing, from memory neither.
    """
    caller = caller_of(ctx, request_digest)
    held = sorted(f"{grant.role}@{grant.organisation_id}" for grant in ctx.actor.grants)
    said = "\n".join([request_digest, *held]).encode()
    # A ballot's body is one of a few: without the secret its digest would tell which.
    request_digest = hmac.digest(ctx.files.secret(), said, "sha256").hex()
    claim = insert(IdempotentReply).values(caller=caller, key=key, request_digest=request_digest, at=ctx.now)
    claimed = ctx.session.scalar(claim.on_conflict_do_nothing().returning(IdempotentReply.key))
    if claimed is not None:
        return None
    kept = ctx.session.get_one(IdempotentReply, (caller, key))
    if kept.request_digest not in {request_digest, hashlib.sha256(said).hexdigest()}:  # kept before there was a secret
        raise Invalid(Problem("idempotency-key-reused", "Idempotency-Key", {"value": key}))
    return Reply(kept.status or 200, kept.headers or {}, kept.body or b"")


def keep_reply(ctx: Context, asked: tuple[str, str], reply: Reply) -> None:
    """Keep the answer to `asked` (key, digest) in the transaction that did the work: both stay or neither does."""
    key, request_digest = asked
    ctx.session.execute(
        sa.update(IdempotentReply)
        .where(IdempotentReply.caller == caller_of(ctx, request_digest), IdempotentReply.key == key)
        .values(status=reply.status, headers=dict(reply.headers), body=reply.body)
    )


def forget_replies(ctx: Context, older_than: timedelta = timedelta(hours=48)) -> int:
    """Drop kept answers that no client can still be waiting for; keys live at least a day."""
    return len(
        ctx.session.scalars(
            sa.delete(IdempotentReply).where(IdempotentReply.at < ctx.now - older_than).returning(IdempotentReply.key)
        ).all()
    )
