"""Notices and letters: the notice of a list that is out, the letter on a confirmed rating. Their words: `engine`."""

import sqlalchemy as sa

from specialty_eval.engine import notices
from specialty_eval.engine.consequences import Consequence
from specialty_eval.engine.documents import LABELS, DocumentKind
from specialty_eval.engine.enrolment import Rated, consequence
from specialty_eval.engine.errors import NotFound, NotNow, Problem
from specialty_eval.engine.notices import Letter, Place
from specialty_eval.engine.permissions import Role, Scope, Thing
from specialty_eval.engine.policy import COLOURS, Policy, Rating
from specialty_eval.engine.roles import roles
from specialty_eval.store import cycles, notice_queries, publications_queries, scopes
from specialty_eval.store.documents import Document
from specialty_eval.store.notice_queries import Confirmed
from specialty_eval.store.outcomes import Publication
from specialty_eval.store.publications_queries import OUT, Line
from specialty_eval.store.reviews import Review

from . import papers
from .context import LOCAL, Context
from .papers import Paper

ISSUES = roles(Role.SECRETARY, Role.BUREAU_APPROVER)


def of_publication(ctx: Context, publication_id: int) -> Document:
    """The notice of a list that is or was in publicity, with its lines, its hash and the head of the sealed events."""
    row = ctx.session.get(Publication, publication_id)
    if row is None:
        raise NotFound(Problem("not-found", "publication", {"kind": "publication", "id": publication_id}))
    made = cycles.round_of(ctx.session, row.round_id)
    scope = Scope(city=made.city)
    if row.state not in OUT:
        ctx.permit_read(Thing.DRAFT_LISTS, scope, where="publication")
    grant = ctx.permit(ISSUES, scope, where="document")
    if row.state not in OUT or row.opened_at is None or row.closes_at is None:
        raise NotNow(Problem("not-in-publicity", "publication"))
    batch = papers.batch(ctx, row.round_id)
    lines = publications_queries.lines(row).order_by(sa.text("1"))
    entries = [_entry(Line(*list(line))) for line in ctx.session.execute(lines)]
    told = notices.publication_notice(
        batch,
        notices.Notice(row.number, row.edition, row.counts, row.opened_at, row.closes_at, row.digest, row.seal_head,
                       entries),
        LOCAL,
    )  # fmt: skip
    title = f"{batch.cycle}{batch.told()['round']}公示公告（第{row.number}号名单）"
    return papers.issue(
        ctx,
        Paper(DocumentKind.PUBLICATION_NOTICE, row, made.city, title, told, round_id=row.round_id, audience="public"),
        grant=grant,
    )


def _entry(line: Line) -> notices.Entry:
    place = Place(line.school, line.specialty, line.code, line.level, line.class_name)
    return notices.Entry(place, line.rating, line.reasons, line.computed, line.decision_reason)


def of_rating(ctx: Context, review_id: int) -> Document:
    """The letter to the school on its confirmed rating: facts, reasons, consequences, the ways and days against it."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SHEET, scope, where="review")
    grant = ctx.permit(ISSUES, scope, where="document")
    found = notice_queries.confirmed(ctx.session, [review_id])
    if not found:
        state = ctx.session.get_one(Review, review_id).state
        raise NotNow(Problem("rating-not-confirmed", "review", {"state": state}))
    one = found[0]
    batch = papers.batch(ctx, one.round_id)
    title = f"{one.school}{_called(one)}专业{LABELS[DocumentKind.DECISION_LETTER]}"
    told = notices.decision_letter(batch, _letter(batch.policy, one), LOCAL)
    row = ctx.session.get_one(Review, review_id)
    return papers.issue(
        ctx,
        Paper(DocumentKind.DECISION_LETTER, row, scope.city, title, told, round_id=one.round_id,
              review_id=review_id, specialty_id=one.specialty_id, audience="school"),
        grant=grant,
    )  # fmt: skip


def _called(one: Confirmed) -> str:
    return f"{one.specialty}（{one.direction}）" if one.direction else one.specialty


def _letter(policy: Policy, one: Confirmed) -> Letter:
    replaced = one.replaced_document
    return Letter(
        place=Place(one.school, _called(one), one.code, one.level, one.class_name),
        rating=one.rating, reasons=one.reasons, computed=one.computed, decision_reason=one.decision_reason,
        total=one.total, indicators=one.indicators, decided_at=one.decided_at, opened_at=one.opened_at,
        closes_at=one.closes_at, confirmed_at=one.confirmed_at, document_number=one.document_number,
        valid_from=one.valid_from, appeal_due=one.appeal_due, consequence=_consequence(policy, one),
        plan_due=one.plan_due, recheck_from=one.recheck_from,
        replaces=f"本决定替代原认定（认定文号：{replaced}）。" if replaced else "",
    )  # fmt: skip


def _consequence(policy: Policy, one: Confirmed) -> Consequence | None:
    rating = Rating(one.rating)
    if policy.enrolment is None or rating not in COLOURS:
        return None
    return consequence(policy.enrolment, Rated(rating, one.valid_from, tuple(one.reasons)))[1]


AT_ONCE = 20
"""How many letters one call makes: no answer takes long, and whoever numbers others waits no longer."""


def of_list(ctx: Context, publication_id: int) -> tuple[int, int]:
    """(made, left) The letters on the confirmed ratings of a list that have none yet, so many at a time.

    Without those that the caller is recused from: whoever stands in makes them.
    """
    row = ctx.session.get(Publication, publication_id)
    if row is None:
        raise NotFound(Problem("not-found", "publication", {"kind": "publication", "id": publication_id}))
    scope = Scope(city=cycles.round_of(ctx.session, row.round_id).city)
    ctx.permit(ISSUES, scope, where="document")
    reviews = notice_queries.without_letter(ctx.session, publication_id)
    recused = scopes.recused_from(ctx.session, ctx.person_id, reviews)
    waiting = [key for key in reviews if key not in recused]
    for key in waiting[:AT_ONCE]:
        of_rating(ctx, key)
    return len(waiting[:AT_ONCE]), len(waiting[AT_ONCE:])
