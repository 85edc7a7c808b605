"""What happens to designations by rule: losing green puts one under review, an overturned loss gives it back."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from specialty_eval.engine.designation import (
    DESIGNATION,
    DesignationEvent,
    DesignationFacts,
    DesignationState,
)
from specialty_eval.engine.permissions import Scope
from specialty_eval.engine.vocabulary import Rating
from specialty_eval.store import designation_queries, scopes
from specialty_eval.store.designations import Designation, DesignationLoss

from .context import Context, Note

LOST, CLOSED, BACK = "所含专业失去绿牌", "所含专业已撤销", "据以复审的评定已被推翻"
_BORNE = (DesignationState.GRANTED, DesignationState.KEPT)
_STANDING = (*_BORNE, DesignationState.UNDER_REVIEW)


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating that was just confirmed: of which specialty, by which review, and in place of which."""

    specialty_id: int
    review_id: int
    replaces_id: int | None = None


def green_now(ctx: Context, specialties: Collection[int]) -> set[int]:
    """The specialties of these that have green in force today."""
    rated = designation_queries.in_force(ctx.session, specialties, ctx.today)
    return {key for key, rating in rated.items() if rating == Rating.GREEN}


def follow(ctx: Context, green_before: Collection[int], confirmed: Iterable[Rated]) -> None:
    """After a confirmation: what has lost green since puts its designations under review; what was taken away by a
    rating that is overturned comes back.

    In the transaction of the confirmation, which holds the specialties' records.
    """
    rated = list(confirmed)
    still = green_now(ctx, [one.specialty_id for one in rated])
    _overturn(ctx, {one.replaces_id: one for one in rated if one.replaces_id is not None}, still)
    lost = {one.specialty_id: one.review_id for one in rated
            if one.specialty_id in green_before and one.specialty_id not in still}  # fmt: skip
    _put_under_review(ctx, lost, LOST)


def _overturn(ctx: Context, by_review: Mapping[int, Rated], green: Collection[int]) -> None:
    """Losses by ratings that an appeal overturned end; where the new one is not green either, it takes their place."""
    ended: dict[int, list[DesignationLoss]] = {}
    for loss in designation_queries.going_losses(ctx.session, list(by_review)):
        ended.setdefault(loss.designation_id, []).append(loss)
    for key, losses in ended.items():
        row = ctx.locked(Designation, key)
        for loss in losses:
            new = by_review[loss.review_id or 0]
            loss.ended_by = new.review_id
            if row.state == DesignationState.UNDER_REVIEW and new.specialty_id not in green:
                _lose(ctx, key, new.specialty_id, new.review_id)
        ctx.session.flush()
        _give_back(ctx, row)


def after_closing(ctx: Context, specialty_id: int) -> None:
    """A closed specialty bears nothing any more: what it is in is looked at."""
    _put_under_review(ctx, {specialty_id: None}, CLOSED)


def _lose(ctx: Context, designation_id: int, specialty_id: int, review_id: int | None) -> None:
    ctx.session.add(
        DesignationLoss(designation_id=designation_id, specialty_id=specialty_id, review_id=review_id, lost_at=ctx.now)
    )


def _put_under_review(ctx: Context, lost: Mapping[int, int | None], reason: str) -> None:
    clock = ctx.as_system()
    for key, specialty in designation_queries.resting_on(ctx.session, list(lost), _STANDING):
        row = ctx.locked(Designation, key)
        if row.state not in _STANDING:
            continue
        _lose(ctx, key, specialty, lost[specialty])
        if row.state == DesignationState.UNDER_REVIEW:
            ctx.saved(row)
            continue
        note = Note(reason=reason, audience="public", told={"kind": row.kind, "lost_by": specialty})
        changes = {"review_since": ctx.now, "review_by": None, "was_kept": row.state == DesignationState.KEPT}
        clock.advance(DESIGNATION, row, DesignationEvent.REVIEW, DesignationFacts(by_rule=True, ground_lost=True),
                      _scope(ctx, row), note=note, changes=changes)  # fmt: skip


def _give_back(ctx: Context, row: Designation) -> None:
    going = any(loss.ended_by is None for loss in designation_queries.losses(ctx.session, row))
    if row.state != DesignationState.UNDER_REVIEW or row.review_by is not None or going:
        return
    facts = DesignationFacts(by_rule=True, green_again=True, was_kept=row.was_kept)
    note = Note(reason=BACK, audience="public", told={"kind": row.kind})
    ctx.as_system().advance(DESIGNATION, row, DesignationEvent.REINSTATE, facts, _scope(ctx, row), note=note)


def _scope(ctx: Context, row: Designation) -> Scope:
    return scopes.of_specialty(ctx.session, row.specialty_id, acting=ctx.person_id)


def reopen(ctx: Context, row: Designation, reason: str) -> None:
    """What was withdrawn for a rating that an appeal has overturned is looked at again; the row must be locked."""
    losses = designation_queries.losses(ctx.session, row)
    facts = DesignationFacts(reason=reason, ground_overturned=any(loss.ended_by is not None for loss in losses))
    note = Note(reason=reason, audience="public", told={"kind": row.kind})
    ctx.advance(DESIGNATION, row, DesignationEvent.REOPEN, facts, _scope(ctx, row), note=note,
                changes={"review_by": ctx.person_id})  # fmt: skip
