"""A confirmed review looked at again: the review that opens, and what is decided about whatever followed from the old.

Why it opens is an appeal's or a correction's business; until the new rating is confirmed the old one stays in force.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from specialty_eval.engine import review
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.store import appeal_queries
from specialty_eval.store.designations import Designation
from specialty_eval.store.outcomes import EnrolmentLine
from specialty_eval.store.reviews import Review

from . import designation_reviews
from .context import Context, Note


def refuse_twice(ctx: Context, old: Review) -> None:
    """NotNow where a review that is to replace this one has not ended: there is one at a time."""
    ended = [state.value for state in review.ENDED]
    if appeal_queries.replacement_going(ctx.session, old.id, ended):
        raise NotNow(Problem("review-open-again", "review", {"review": old.id}))


def open_again(ctx: Context, old: Review, start: review.State) -> Review:
    """A review of the same specialty in the same round that replaces a confirmed one, in the state it begins with."""
    if start not in review.APPEAL_STARTS:
        raise ValueError(f"a new review never begins at {start}")
    is_scored = start == review.State.SCORED
    made = ctx.saved(
        Review(round_id=old.round_id, specialty_id=old.specialty_id, replaces_id=old.id, state=start.value,
               returned_fields={}, corrections=0, reminders=0, was_defaulted=old.was_defaulted,
               returned_incomplete=old.returned_incomplete, taken_over=old.taken_over,
               evidence_version_id=old.evidence_version_id, document_number="", version=1, updated_at=ctx.now,
               sheet_id=old.sheet_id if is_scored else None,
               sheet_opened_at=old.sheet_opened_at if is_scored else None,
               challenge_due=ctx.now if is_scored else None)
    )  # fmt: skip
    ctx.record("review.open_again", made, Note(audience="school", told={"replaces": old.id, "state": start.value}))
    return made


# --- what followed from the overturned rating ---

FOLLOW_UP_DECISIONS: Mapping[str, tuple[str, ...]] = {
    "rating": ("stands", "reconsider"),
    "review": ("rescore",),
    "quota": ("stands", "set_aside"),
    "designation": ("stands", "reopen"),
}
"""Of a later rating: it stands, or a new review opens. Of a review that has not ended: it is scored again, by the
secretary, before it goes on. Of a quota: it stands, or is no base for later years. Of a designation that was withdrawn:
that stands, or it is looked at again."""


class Overturning(Protocol):
    """An appeal or a correction: the review it opened, and what followed from the one before."""

    id: Any
    new_review_id: Any
    follow_ups: Any


def decide_follow_up(ctx: Context, case: Overturning, key: str, decision: str, reason: str) -> None:
    """Decide about one thing that followed from the overturned rating, once the new one is confirmed, with a reason."""
    follow_up = next((f for f in case.follow_ups if f["key"] == key), None)
    if follow_up is None:
        raise NotFound(Problem("not-found", "follow_up", {"kind": "follow_up", "id": key}))
    _refuse_decision(ctx, case, follow_up, decision, reason)
    if decision == "reconsider":
        open_again(ctx, ctx.locked(Review, follow_up["review_id"]), review.State.VERIFIED)
    elif decision == "set_aside":
        ctx.locked(EnrolmentLine, follow_up["line_id"]).set_aside = True
    elif decision == "reopen":
        designation_reviews.reopen(ctx, ctx.locked(Designation, follow_up["designation_id"]), reason)
    decided = {**follow_up, "decision": decision, "reason": reason, "decided_at": ctx.now.isoformat(),
               "decided_by": ctx.person_id}  # fmt: skip
    case.follow_ups = [decided if f["key"] == key else f for f in case.follow_ups]


def _refuse_decision(ctx: Context, case: Overturning, follow_up: Mapping[str, Any], decision: str, reason: str) -> None:
    one_of = FOLLOW_UP_DECISIONS[follow_up["kind"]]
    wrong = [] if decision in one_of else [Problem("decision-unknown", "decision", {"one_of": list(one_of)})]
    if not reason.strip():
        wrong.append(Problem("reason-missing", "reason"))
    if wrong:
        raise Invalid(*wrong)
    new = ctx.session.get_one(Review, case.new_review_id)
    if new.state != review.State.CONFIRMED:
        raise NotNow(Problem("rating-not-confirmed", "new_review", {"state": new.state}))
    if follow_up["decision"] is not None:
        raise NotNow(Problem("follow-up-decided", "follow_up", {"decision": follow_up["decision"]}))
    ended = [state.value for state in review.ENDED]
    if decision == "reconsider" and appeal_queries.replacement_going(ctx.session, follow_up["review_id"], ended):
        raise NotNow(Problem("review-open-again", "follow_up", {"review": follow_up["review_id"]}))
