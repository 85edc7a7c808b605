"""Objections in publicity: received from anyone with a name and a contact, confirmed, admitted, answered.

Names and contacts stay in `objector`; an upheld objection sends its review back, the others go on.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import cases, publicity, review
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.cases import OBJECTION, ObjectionEvent, ObjectionFacts, ObjectionState
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import Scope, Thing
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.publicity import ListState
from specialty_eval.store import cycles, deliberation_queries, publications_queries, scopes
from specialty_eval.store.outcomes import Objection, Objector, Publication, PublicationEntry
from specialty_eval.store.publications_queries import OUT
from specialty_eval.store.reviews import Review

from . import corrections as corrected
from .context import LOCAL, Context, Note, Possible, entitled
from .paging import Page

WAITS_FOR_ADMISSION = frozenset({ObjectionState.RECEIVED, ObjectionState.CONTACT_CONFIRMED})
REOPENED: dict[str, Any] = {"decision_id": None, "decided_rating": None, "served_at": None}
"""What a review loses when it goes back: it is decided, previewed and served anew."""


@dataclass(frozen=True, slots=True)
class NewObjection:
    """What somebody objects to, and who they are."""

    review_id: int
    name: str
    contact: str
    grounds: str


def _policy(ctx: Context, round_id: int) -> Policy:
    return cycles.policy_of(ctx.session, cycles.round_of(ctx.session, round_id).policy_id)


def lodge(ctx: Context, publication_id: int, new: NewObjection) -> Objection:
    """Anyone objects to one entry of a list in publicity. NotNow with every reason; a late one is told of the appeal.

    The code that proves the contact is handed to nobody here: it waits in `objector` for whoever sends it.
    """
    row = ctx.session.get(Publication, publication_id)
    entry = None if row is None else publications_queries.entry_of(ctx.session, row, new.review_id)
    if row is None or row.state not in OUT:
        raise NotFound(Problem("not-found", "publication", {"kind": "publication", "id": publication_id}))
    if entry is None:
        raise NotFound(Problem("not-found", "review", {"kind": "review", "id": new.review_id}))
    if problems := cases.objection_problems(_facts(ctx, row, entry, new)):
        raise NotNow(*problems)
    due = ctx.calendar().due(ctx.now, _policy(ctx, row.round_id).workflow.days["admissibility"], LOCAL)
    made = ctx.saved(
        Objection(
            review_id=new.review_id, publication_id=row.id, state=OBJECTION.start.value, grounds=new.grounds.strip(),
            answer="", received_at=ctx.now, admissibility_due=due, version=1, updated_at=ctx.now,
        )
    )  # fmt: skip
    code = secrets.token_urlsafe(9)
    ctx.saved(
        Objector(
            objection_id=made.id,
            name=new.name.strip(),
            contact=new.contact.strip(),
            confirmation_hash=_hash(code),
            confirmation_code=code,
        )
    )
    ctx.as_system().record("objection.receive", made, _note(ctx, made))  # who objects stands nowhere but in `Objector`
    return made


def _facts(ctx: Context, row: Publication, entry: PublicationEntry, new: NewObjection) -> ObjectionFacts:
    before = publications_queries.heard_before(ctx.session, row, new.review_id)
    due = row.closes_at
    over = row.state == ListState.CLOSED or (due is not None and ctx.now >= due)
    return ObjectionFacts(
        named=bool(new.name.strip()),
        contact_given=bool(new.contact.strip()),
        grounds=new.grounds,
        in_publicity=row.state == ListState.IN_PUBLICITY,
        publicity_over=over,
        due=None if due is None else last_local_day(due, LOCAL),
        second_publicity=before is not None,
        about_what_changed=before is not None and publicity.is_another(_told(before), _told(entry)),
    )


def _told(entry: PublicationEntry) -> publicity.Told:
    return publicity.Told(entry.rating, tuple(entry.reasons), entry.line)


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _note(ctx: Context, row: Objection, **told: Any) -> Note:
    subject = ctx.session.get_one(Review, row.review_id)
    return Note(specialty_id=subject.specialty_id, round_id=subject.round_id, told=told)


def _held(ctx: Context, objection_id: int, version: int | None = None) -> tuple[Objection, Review, Scope]:
    """Review and objection, locked in that order, and whose it is without those recused from it."""
    review_id = ctx.session.scalar(sa.select(Objection.review_id).where(Objection.id == objection_id))
    if review_id is None:
        raise NotFound(Problem("not-found", "objection", {"kind": "objection", "id": objection_id}))
    subject, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    return ctx.locked(Objection, objection_id, version=version), subject, scope


def _judged(ctx: Context, objection_id: int, version: int | None) -> tuple[Objection, Review, Scope]:
    """As `_held`, for somebody who may judge it: NotFound for outsiders and the recused."""
    row, subject, scope = _held(ctx, objection_id, version)
    ctx.permit_read(Thing.OBJECTIONS, scope, where="objection")
    return row, subject, scope


def confirm_contact(ctx: Context, objection_id: int, code: str) -> Objection:
    """The objector shows the code that was sent to the contact; the code is then forgotten.

    Invalid for a wrong code and, alike, for an objection that there is none of.
    """
    kept = ctx.session.scalar(sa.select(Objector.confirmation_hash).where(Objector.objection_id == objection_id))
    if kept is None or not hmac.compare_digest(kept, _hash(code)):
        raise Invalid(Problem("confirmation-code-wrong", "code"))
    row, _, scope = _held(ctx, objection_id)
    facts = ObjectionFacts(contact_confirmed=True)
    ctx.as_system().advance(OBJECTION, row, ObjectionEvent.CONFIRM_CONTACT, facts, scope, note=_note(ctx, row))
    ctx.session.execute(sa.update(Objector).where(Objector.objection_id == row.id).values(confirmation_code=""))
    return row


def admit(ctx: Context, objection_id: int, *, version: int | None = None) -> Objection:
    """Hear it: its review waits, and the days to answer begin. NotNow once the rating is confirmed."""
    row, subject, scope = _judged(ctx, objection_id, version)
    problems = OBJECTION.objections(row.state, ObjectionEvent.ADMIT, ObjectionFacts())
    problems += _not_heard(subject)
    ctx.permit(entitled(OBJECTION, row.state, ObjectionEvent.ADMIT), scope, where="objection")
    if problems:
        raise NotNow(*problems)
    due = ctx.calendar().due(ctx.now, _policy(ctx, subject.round_id).workflow.days["objection_answer"], LOCAL)
    ctx.advance(
        OBJECTION, row, ObjectionEvent.ADMIT, ObjectionFacts(), scope, note=_note(ctx, row), changes={"answer_due": due}
    )
    return row


def _not_heard(subject: Review) -> list[Problem]:
    """Why the review's state lets no objection to it be admitted."""
    if subject.state == review.State.PUBLICISED:
        return []
    return [Problem("review-not-publicised", "review", {"state": subject.state, "route": "appeal"})]


def rule_out(ctx: Context, objection_id: int, answer: str, *, version: int | None = None) -> Objection:
    """Not admissible, with an answer; the review does not wait for it."""
    return _answered(ctx, objection_id, ObjectionEvent.RULE_OUT, answer, version)


def reject(ctx: Context, objection_id: int, answer: str, *, version: int | None = None) -> Objection:
    """Heard and not upheld, with an answer; the review may be confirmed."""
    return _answered(ctx, objection_id, ObjectionEvent.REJECT, answer, version)


def _answered(ctx: Context, objection_id: int, event: ObjectionEvent, answer: str, version: int | None) -> Objection:
    row, _, scope = _judged(ctx, objection_id, version)
    facts, changes = ObjectionFacts(answer=answer), {"answer": answer.strip()}
    ctx.advance(OBJECTION, row, event, facts, scope, note=_note(ctx, row), changes=changes)
    return row


def uphold(
    ctx: Context, objection_id: int, answer: str, *, evidence_was_wrong: bool,
    corrections: Mapping[str, str] = MappingProxyType({}), version: int | None = None,
) -> Objection:  # fmt: skip
    """Upheld: the review alone goes back, to be scored anew where a figure was wrong, else to be decided anew.

    `corrections` (measure → value) are the figures set right: they go on record with it.
    """
    row, subject, scope = _judged(ctx, objection_id, version)
    facts, changes = ObjectionFacts(answer=answer), {"answer": answer.strip()}
    of_review = review.Facts(objection_upheld=True, evidence_was_wrong=evidence_was_wrong)
    ctx.permit(entitled(OBJECTION, row.state, ObjectionEvent.UPHOLD), scope, where="objection")
    problems = OBJECTION.objections(row.state, ObjectionEvent.UPHOLD, facts)
    problems += review.WORKFLOW.objections(subject.state, review.Event.REOPEN, of_review)
    if problems:
        raise NotNow(*problems)
    set_right = corrected.record(ctx, subject, corrections, f"objection {row.id}", scored_anew=evidence_was_wrong)
    note = _note(ctx, row, evidence_was_wrong=evidence_was_wrong, measures=set_right)
    ctx.advance(OBJECTION, row, ObjectionEvent.UPHOLD, facts, scope, note=note, changes=changes)
    told = Note(audience="public", told={"objection": row.id})
    ctx.advance(review.WORKFLOW, subject, review.Event.REOPEN, of_review, scope, note=told, changes=REOPENED)
    return row


# --- reading ---


def read(ctx: Context, objection_id: int) -> Objection:
    """An objection without who made it, for those who judge and decide."""
    row = ctx.session.get(Objection, objection_id)
    if row is None:
        raise NotFound(Problem("not-found", "objection", {"kind": "objection", "id": objection_id}))
    _may_read(ctx, row, Thing.OBJECTIONS)
    return row


def _may_read(ctx: Context, row: Objection, thing: Thing) -> Scope:
    members = deliberation_queries.seated_for(ctx.session, row.review_id)
    scope = replace(scopes.of_review(ctx.session, row.review_id, acting=ctx.person_id), members=members)
    ctx.permit_read(thing, scope, where="objection")
    return scope


def contact(ctx: Context, objection_id: int) -> Objector:
    """Who objected and how to reach them; the code still to be sent to the contact (secretary and approver alone)."""
    row = read(ctx, objection_id)
    _may_read(ctx, row, Thing.OBJECTOR_CONTACTS)
    return ctx.session.get_one(Objector, objection_id)


def of_publication(ctx: Context, publication_id: int, page: Page) -> tuple[list[Objection], str | None]:
    """A page of the objections to a list, without those the caller is recused from."""
    row = ctx.session.get(Publication, publication_id)
    if row is None:
        raise NotFound(Problem("not-found", "publication", {"kind": "publication", "id": publication_id}))
    city = cycles.round_of(ctx.session, row.round_id).city
    ctx.permit_read(Thing.OBJECTIONS, Scope(city=city), where="objections")
    query = sa.select(Objection).where(Objection.publication_id == publication_id)
    shown, cursor = page.cut(ctx.session.scalars(page.within(query, Objection.id)).all(), lambda found: (found.id,))
    recused = scopes.recused_from(ctx.session, ctx.person_id, [found.review_id for found in shown])
    return [found for found in shown if found.review_id not in recused], cursor


def is_overdue(ctx: Context, row: Objection) -> bool:
    """Whether an office is late: with the admissibility, or with the answer."""
    due = row.admissibility_due if row.state in WAITS_FOR_ADMISSION else row.answer_due
    return row.state not in cases.OBJECTION_ENDED and due is not None and ctx.now >= due


def possible(ctx: Context, row: Objection) -> list[Possible]:
    """What the caller may do with it, each with why it is not possible now, but for the code and the answer to give."""
    facts = ObjectionFacts(contact_confirmed=True, answer="…")
    found = ctx.possible(OBJECTION, row.state, facts, _may_read(ctx, row, Thing.OBJECTIONS))
    subject = ctx.session.get_one(Review, row.review_id)
    upheld = review.Facts(objection_upheld=True)
    of_review: dict[str, list[Problem]] = {
        ObjectionEvent.ADMIT: _not_heard(subject),
        ObjectionEvent.UPHOLD: review.WORKFLOW.objections(subject.state, review.Event.REOPEN, upheld),
    }
    return [replace(p, reasons=(*p.reasons, *of_review.get(p.event, ()))) for p in found]
