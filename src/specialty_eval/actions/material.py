"""A blind review's material: looked through for the school's name, held back while it stands there, or released."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from specialty_eval import extraction
from specialty_eval.engine.anonymity import Looked, finds
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import Role, Scope, Thing
from specialty_eval.engine.roles import roles
from specialty_eval.store import cycles, material_queries, scopes
from specialty_eval.store.cycles import Round
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.material import MaterialCheck, MaterialRelease
from specialty_eval.store.material_queries import Piece
from specialty_eval.store.reviews import Review

from .context import Context, Note

MANAGES = roles(Role.SECRETARY)
AT_ONCE = 10
"""Files looked through while somebody waits, and in one job: each may take its whole time."""


@dataclass(frozen=True, slots=True)
class Held:
    """A piece of material, what was found, and whether a blind reader sees it."""

    attachment_id: int | None
    name: str
    says: str | None
    """None: nobody has looked through it yet."""
    open: bool
    finds: Sequence[Any] = ()
    unread: Sequence[Any] = ()
    checked_at: datetime | None = None
    released_by: int | None = None
    reason: str = ""


def set_blind(ctx: Context, round_id: int, blind: bool, reason: str, *, version: int | None = None) -> Round:
    """Say whether a round's experts are to learn whose material they score, before any is asked (secretary)."""
    row = ctx.locked(Round, round_id, version=version)
    grant = ctx.permit(MANAGES, Scope(city=cycles.round_of(ctx.session, round_id).city), where="round")
    asked = sa.select(ExpertAssignment.id).join(Review, Review.id == ExpertAssignment.review_id)
    if ctx.session.scalars(asked.where(Review.round_id == round_id).limit(1)).first() is not None:
        raise NotNow(Problem("experts-know-already", "round"))
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    material_queries.set_blind(ctx.session, row, blind, ctx.now)
    ctx.record("round.blind", row, Note(reason=reason, told={"blind": blind}, round_id=row.id), grant=grant)
    return row


def _permit(ctx: Context, scope: Scope) -> None:
    ctx.permit_read(Thing.MATERIAL_CHECKS, scope, where="material")
    ctx.permit(MANAGES, scope, where="material")


def check(ctx: Context, review_id: int, also: Collection[str] = ()) -> list[Held]:
    """Look through what nobody has looked through yet, all of it where there is another name to look for (secretary).

    Nothing is locked while it takes its time. So many files at once; the worker goes on with the rest.
    """
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    _permit(ctx, scope)
    row = ctx.session.get_one(Review, review_id)
    names = material_queries.names(ctx.session, row)
    names = (*names, *(name for name in dict.fromkeys(also) if name.strip() and name not in names))
    _check(ctx, row, names)
    return _told(ctx, row)


def check_due(ctx: Context, review_id: int) -> None:
    """Look through what nobody has looked through yet (the clock)."""
    row = ctx.session.get_one(Review, review_id)
    _check(ctx, row, material_queries.names(ctx.session, row))


def _check(ctx: Context, row: Review, names: tuple[str, ...]) -> None:
    wanted = [p for p in material_queries.pieces(ctx.session, row) if not _covers(p, names)]
    said = dict[str, int]()
    for piece in wanted[:AT_ONCE]:
        looked = _look(ctx, row, piece, names)
        of_words = row.evidence_version_id if piece.attachment is None else None
        ctx.saved(
            MaterialCheck(review_id=row.id, attachment_id=piece.attachment.id if piece.attachment else None,
                          evidence_version_id=of_words, names=list(names), says=looked.says.value,
                          finds=[[f.where, f.name, f.near] for f in looked.finds],
                          unread=[[u.where, u.why] for u in looked.unread], checked_at=ctx.now)
        )  # fmt: skip
        said[looked.says.value] = said.get(looked.says.value, 0) + 1
    if said:
        ctx.record("material.check", row, Note(told=said))


def _covers(piece: Piece, names: tuple[str, ...]) -> bool:
    return piece.check is not None and set(names) <= set(piece.check.names)


def _look(ctx: Context, row: Review, piece: Piece, names: tuple[str, ...]) -> Looked:
    if piece.attachment is not None:
        content = ctx.files.get(piece.attachment.sha256)
        return extraction.look(piece.attachment.name, content, names)
    found = material_queries.words(ctx.session, row.evidence_version_id or 0)
    return Looked(tuple(find for where, text in found for find in finds(where, text, names)))


def release(ctx: Context, review_id: int, attachment_id: int | None, reason: str) -> list[Held]:
    """Show a held piece all the same, with a reason and under one's name (secretary). NotNow before it was looked
    through, and where it is not held.
    """
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    _permit(ctx, scope)
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    found = material_queries.pieces(ctx.session, row)
    piece = next((p for p in found if (p.attachment.id if p.attachment else None) == attachment_id), None)
    if piece is None:
        raise NotFound(Problem("not-found", "material", {"kind": "attachment", "id": attachment_id or 0}))
    if piece.check is None or piece.is_open(material_queries.names(ctx.session, row)):
        raise NotNow(Problem("material-not-held", "material"))
    ctx.saved(MaterialRelease(check_id=piece.check.id, reason=reason, released_by=ctx.person_id, released_at=ctx.now))
    ctx.record("material.release", row, Note(reason=reason, told={"attachment": attachment_id}))
    return _told(ctx, row)


def listing(ctx: Context, review_id: int) -> list[Held]:
    """Every piece of a review's material and what was found in it (secretary, auditor)."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.MATERIAL_CHECKS, scope, where="material")
    return _told(ctx, ctx.session.get_one(Review, review_id))


def _told(ctx: Context, row: Review) -> list[Held]:
    names = material_queries.names(ctx.session, row)
    return [_held(piece, names) for piece in material_queries.pieces(ctx.session, row)]


def _held(piece: Piece, names: tuple[str, ...]) -> Held:
    number, name = (None, "") if piece.attachment is None else (piece.attachment.id, piece.attachment.name)
    if piece.check is None:
        return Held(number, name, None, False)
    c, r = piece.check, piece.release
    return Held(number, name, c.says, piece.is_open(names), c.finds, c.unread, c.checked_at,
                None if r is None else r.released_by, "" if r is None else r.reason)  # fmt: skip
