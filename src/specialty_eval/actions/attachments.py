"""Files that prove a figure: taken in by what they are, not by what they are called."""

from specialty_eval.engine import review
from specialty_eval.engine.characters import file_name
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import FILLS_IN, Thing
from specialty_eval.store import cycles, rectification_queries, rows, scopes
from specialty_eval.store.reviews import Attachment, Review

from . import blind
from .context import Context, Note

AT_MOST = 32 << 20
KINDS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
)
"""First bytes → media type. Office documents are ZIP files; what else begins otherwise is refused."""


def kind_of(content: bytes) -> str | None:
    """The media type the bytes themselves say, or None for one that is not taken."""
    return next((kind for start, kind in KINDS if content.startswith(start)), None)


def attach(ctx: Context, review_id: int, measure: str, name: str, content: bytes) -> Attachment:
    """Keep a file for a measure, while the review is with the school or its sheet can be challenged.

    Invalid for a measure that the policy has not, and a type or size not taken.
    """
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.EVIDENCE, scope, where="review")
    grant = ctx.permit(FILLS_IN, scope, where="attachments")
    if row.state not in review.WITH_THE_SCHOOL | {review.State.SCORED}:
        raise NotNow(Problem("step-not-open", "review", {"event": "attach", "state": row.state}))
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    if measure not in policy.measures:
        raise Invalid(Problem("measure-unknown", "measure", {"measure": measure[:100]}))
    kept = keep(ctx, review_id, measure, name, content)
    note = Note(audience="school", told={"attachment": kept.id, "measure": measure, "sha256": kept.sha256})
    ctx.record("evidence.attach", row, note, grant=grant)
    return kept


def keep(ctx: Context, review_id: int, measure: str, name: str, content: bytes) -> Attachment:
    """Put the bytes and their metadata away; who may is the caller's question. Invalid for a type or size not taken."""
    new = {
        "review_id": review_id, "measure": measure, "name": file_name(name), "media_type": media_type(content),
        "size": len(content), "sha256": ctx.files.put(content), "uploaded_at": ctx.now, "uploaded_by": ctx.person_id,
    }  # fmt: skip
    return rows.inserted(ctx.session, Attachment, new)


def media_type(content: bytes) -> str:
    """The media type of a file that is taken in. Invalid for a type or size not taken."""
    kind = kind_of(content)
    problems = []
    if kind is None:
        problems.append(Problem("attachment-type-not-taken", "attachment", {"taken": [k for _, k in KINDS]}))
    if not content or len(content) > AT_MOST:
        problems.append(Problem("attachment-size-wrong", "attachment", {"size": len(content), "at_most": AT_MOST}))
    if problems or kind is None:
        raise Invalid(*problems)
    return kind


def read(ctx: Context, review_id: int, attachment_id: int) -> tuple[Attachment, bytes]:
    """A file and its bytes, for those who may read the review's evidence; of a milestone that another specialty proves
    (a succession brought the rating there), for those who may read that one's rectification.
    """
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    mended = rectification_queries.of_proof(ctx.session, review_id, attachment_id)
    if mended is None:
        ctx.permit_read(Thing.EVIDENCE, scope, where="attachments")
    else:  # another specialty's, perhaps another school's
        own = scopes.of_specialty(ctx.session, mended, acting=ctx.person_id)
        ctx.permit_read(Thing.RECTIFICATIONS, own, where="attachments")
    kept = ctx.session.get(Attachment, attachment_id)
    if kept is None or kept.review_id != review_id:
        raise NotFound(Problem("not-found", "attachments", {"kind": "attachment", "id": attachment_id}))
    row = ctx.session.get_one(Review, review_id)
    if blind.before_accepting(ctx, row, scope):
        raise NotNow(Problem("assignment-not-accepted", "attachments"))
    if blind.reads_blind(ctx, row, scope) and attachment_id not in blind.open_to_the_blind(ctx, row):
        raise NotNow(Problem("material-held-back", "attachments"))
    return kept, ctx.files.get(kept.sha256)
