"""Answers to objections and appeals as papers, once they are answered, and the notice that asks a school to mend."""

from typing import NamedTuple

from specialty_eval.engine import answers, cases
from specialty_eval.engine.answers import Answered, Mending
from specialty_eval.engine.documents import LABELS, DocumentKind, Told
from specialty_eval.engine.errors import NotFound, NotNow, Problem
from specialty_eval.engine.notices import Place
from specialty_eval.engine.permissions import Grant, Role, Thing
from specialty_eval.engine.rectification import RECTIFICATION_ENDED, failures_left
from specialty_eval.engine.roles import roles
from specialty_eval.store import notice_queries, rectification_queries, scopes
from specialty_eval.store.base import Base
from specialty_eval.store.documents import Document
from specialty_eval.store.notice_queries import Named
from specialty_eval.store.outcomes import Appeal, Objection, Rectification

from . import mending_days, papers
from .context import LOCAL, Context
from .papers import Paper

ISSUES = roles(Role.SECRETARY, Role.BUREAU_APPROVER)


class _Case(NamedTuple):
    """What a paper is about, whose it is, and under which right it is made."""

    review_id: int
    city: str
    grant: Grant | None
    named: Named

    @property
    def place(self) -> Place:
        one = self.named
        called = f"{one.specialty}（{one.direction}）" if one.direction else one.specialty
        return Place(one.school, called, one.code, one.level, one.class_name)


def _case(ctx: Context, review_id: int, thing: Thing, *, mends: int | None = None) -> _Case:
    """`mends`: the specialty that is to be mended, where the review's rating has gone over to another."""
    scope = (
        scopes.of_review(ctx.session, review_id, acting=ctx.person_id) if mends is None
        else scopes.of_specialty(ctx.session, mends, acting=ctx.person_id)
    )  # fmt: skip
    ctx.permit_read(thing, scope, where="document")
    grant = ctx.permit(ISSUES, scope, where="document")
    return _Case(review_id, scope.city, grant, notice_queries.named(ctx.session, review_id, mends))


def _issued(ctx: Context, case: _Case, kind: DocumentKind, about: Base, told: Told, *, audience: str) -> Document:
    title = f"{case.named.school}{case.named.specialty}专业{LABELS[kind]}"
    paper = Paper(kind, about, case.city, title, told, round_id=case.named.round_id, review_id=case.review_id,
                  specialty_id=case.named.specialty_id, audience=audience)  # fmt: skip
    return papers.issue(ctx, paper, grant=case.grant)


def of_objection(ctx: Context, objection_id: int) -> Document:
    """The answer to an objection that is closed; the objector stands in it by number alone."""
    row = ctx.session.get(Objection, objection_id, populate_existing=True)
    if row is None:
        raise NotFound(Problem("not-found", "objection", {"kind": "objection", "id": objection_id}))
    case = _case(ctx, row.review_id, Thing.OBJECTIONS)
    if row.state not in cases.OBJECTION_ENDED:
        raise NotNow(Problem("case-not-answered", "objection", {"state": row.state}))
    closed = Answered(row.id, case.place, row.received_at, row.state, row.answer)
    told = answers.objection_answer(papers.batch(ctx, case.named.round_id), closed, LOCAL)
    return _issued(ctx, case, DocumentKind.OBJECTION_ANSWER, row, told, audience="office")


def of_appeal(ctx: Context, appeal_id: int) -> Document:
    """The answer to an appeal that is closed."""
    row = ctx.session.get(Appeal, appeal_id, populate_existing=True)
    if row is None:
        raise NotFound(Problem("not-found", "appeal", {"kind": "appeal", "id": appeal_id}))
    case = _case(ctx, row.review_id, Thing.APPEALS)
    if row.state not in cases.APPEAL_ENDED:
        raise NotNow(Problem("case-not-answered", "appeal", {"state": row.state}))
    closed = Answered(row.id, case.place, row.received_at, row.state, row.answer)
    batch = papers.batch(ctx, case.named.round_id)
    told = answers.appeal_answer(batch, closed, case.named.rating or "", case.named.document_number, LOCAL)
    return _issued(ctx, case, DocumentKind.APPEAL_ANSWER, row, told, audience="school")


def of_rectification(ctx: Context, rectification_id: int) -> Document:
    """The notice that asks a school to mend, while there is something to be mended."""
    row = ctx.session.get(Rectification, rectification_id, populate_existing=True)
    if row is None:
        raise NotFound(Problem("not-found", "rectification", {"kind": "rectification", "id": rectification_id}))
    case = _case(ctx, row.review_id, Thing.RECTIFICATIONS, mends=row.specialty_id)
    if row.state in RECTIFICATION_ENDED:
        raise NotNow(Problem("rectification-ended", "rectification", {"state": row.state}))
    if mending_days.is_held(ctx, row):
        raise NotNow(Problem("appeal-suspends", "rectification"))
    batch, one = papers.batch(ctx, case.named.round_id), case.named
    on, (due, recheck) = one.valid_from or ctx.today, mending_days.days_of(ctx, row)
    allowed = rectification_queries.ground_of(ctx.session, row).rules.failures_allowed
    mending = Mending(case.place, row.rating, one.reasons or (), one.document_number, on, due, recheck, allowed,
                      failures_left(allowed, row.failures))  # fmt: skip
    told = answers.rectification_notice(batch, mending, LOCAL)
    return _issued(ctx, case, DocumentKind.RECTIFICATION_NOTICE, row, told, audience="school")
