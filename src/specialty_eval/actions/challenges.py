"""The school sees its own sheet, without the rating, and challenges one figure of it with evidence."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from specialty_eval.engine import cases, review, sheet
from specialty_eval.engine.calendar import is_kept, last_local_day
from specialty_eval.engine.cases import ChallengeEvent, ChallengeFacts
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, Problem
from specialty_eval.engine.permissions import FILLS_IN, Role, Scope, Thing, at_office, visible_measures
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.roles import roles
from specialty_eval.engine.withholding import HIDDEN, hides_score, shaded
from specialty_eval.store import attributes, cycles, review_queries, scopes
from specialty_eval.store.review_queries import NewFigure
from specialty_eval.store.reviews import Attachment, Challenge, Review, ScoreRun, ScoreSheet

from .context import LOCAL, Context, Note, Possible, entitled

SIGNS = roles(Role.SCHOOL_HEAD)


def open_sheet(ctx: Context, review_id: int) -> dict[str, Any]:
    """The school opens its own sheet, and can challenge a figure of it from now on. Values and points, no rating.

    Until when was told it when the sheet was made, counted from deemed service: opening it earlier takes none of those
    days away, and opening it later, after it was deemed served, gives none a second time.
    """
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SHEET, scope, where="sheet")
    grant = ctx.permit(FILLS_IN, scope, where="sheet")
    if row.state not in review.RATING_COMPUTED or row.sheet_id is None:
        raise NotNow(Problem("no-score-run", "sheet", {"state": row.state}))
    if row.sheet_opened_at is None and row.state == review.State.SCORED:
        if row.challenge_due is None:
            raise AssertionError("a scored review has its challenge days")
        row.sheet_opened_at = ctx.now
        due = last_local_day(row.challenge_due, LOCAL).isoformat()
        ctx.record("sheet.open", row, Note(audience="school", told={"challenge_until": due}), grant=grant)
        ctx.saved(row)
    return sheet_view(ctx, row, scope, with_rating=row.state in review.SCHOOL_SEES_RATING)


def read_sheet(ctx: Context, review_id: int) -> dict[str, Any]:
    """The sheet for those who check or decide; the school has its own way to it (`open_sheet`)."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.SHEET, scope, where="sheet")
    row = ctx.session.get_one(Review, review_id)
    if row.sheet_id is None:
        raise NotNow(Problem("no-score-run", "sheet", {"state": row.state}))
    office = at_office(ctx.actor, OFFICE, scope, ctx.today)
    if not office and row.sheet_opened_at is None:
        raise NotNow(Problem("sheet-not-opened", "sheet"))
    return sheet_view(ctx, row, scope, with_rating=office or row.state in review.SCHOOL_SEES_RATING)


OFFICE = roles(
    Role.BUREAU_VERIFIER, Role.SECRETARY, Role.BUREAU_APPROVER, Role.AUDITOR, Role.APPEAL_PANEL_MEMBER,
)  # fmt: skip


def sheet_view(ctx: Context, row: Review, scope: Scope, *, with_rating: bool) -> dict[str, Any]:
    """A sheet with the run it comes from; the rating and its reasons only for those who may know them yet.

    What rests on a figure that the caller may not see is withheld or banded, as the policy says, and so is every sum.
    """
    kept = ctx.session.get_one(ScoreSheet, row.sheet_id)
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    seen = visible_measures(policy, ctx.actor, scope, ctx.today)
    dimensions = {code: HIDDEN if hides_score(policy, seen, code) else score for code, score in kept.dimensions.items()}
    made = ctx.session.execute(
        sa.select(ScoreRun.id, ScoreRun.number, ScoreRun.made_at, ScoreRun.policy_digest,
                  sa.case((ScoreRun.secret.is_not(None), ScoreRun.inputs_digest), else_="").label("inputs"))
        .where(ScoreRun.id == kept.run_id)
    ).one()  # fmt: skip
    view: dict[str, Any] = {
        "review_id": row.id, "run": {"id": made.id, "number": made.number, "made_at": made.made_at,
                                     "policy": made.policy_digest, "inputs": made.inputs},
        "evidence_version_id": kept.evidence_version_id,
        "total": HIDDEN if hides_score(policy, seen) else _text(kept.total),
        "completeness": _text(kept.completeness), "dimensions": dimensions,
        "indicators": shaded(policy, kept.indicators, seen),
        "opened_at": row.sheet_opened_at, "challenge_due": row.challenge_due,
    }  # fmt: skip
    if with_rating:
        view |= {"rating": kept.rating, "reasons": kept.reasons}
    return view


def _text(score: object) -> str | None:
    return None if score is None else str(score)


def challenge(ctx: Context, review_id: int, measure: str, claimed: str, reason: str) -> Challenge:
    """Challenge one figure of one's own sheet, with evidence attached since it was opened, within the days."""
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.CHALLENGES, scope, where="challenges")
    grant = ctx.permit(SIGNS, scope, where="challenges")
    made = cycles.round_of(ctx.session, row.round_id)
    policy = cycles.policy_of(ctx.session, made.policy_id)
    if problems := cases.challenge_problems(_facts(ctx, row, measure)):
        raise NotNow(*problems)
    if problems := _unfit(ctx, row, policy, measure, claimed):
        raise Invalid(*problems)
    stated = review_queries.current_value(ctx.session, row.specialty_id, made.evidence_year, measure)
    kept = ctx.saved(
        Challenge(review_id=review_id, measure=measure, stated=stated, claimed=claimed.strip(), reason=reason,
                  state=cases.CHALLENGE.start.value, version=1, updated_at=ctx.now, made_at=ctx.now,
                  made_by=ctx.person_id, answer="",
                  answer_due=ctx.calendar().due(ctx.now, policy.workflow.days["challenge_answer"], LOCAL))
    )  # fmt: skip
    note = Note(audience="school", told={"measure": measure, "review": review_id}, specialty_id=row.specialty_id,
                round_id=row.round_id)  # fmt: skip
    ctx.record("challenge.lodge", kept, note, grant=grant)
    return kept


NOT_CLAIMED = frozenset({"panel", "computed"})
"""Suppliers whose value nobody can put another in the place of: experts' scores, and what the registry gives."""


def _unfit(ctx: Context, row: Review, policy: Policy, measure: str, claimed: str) -> list[Problem]:
    """Why this value cannot take the place of the one that was scored."""
    known = policy.measures.get(measure)
    if known is not None and known.supplier in NOT_CLAIMED:
        return [Problem("challenge-not-of-this", f"measures.{measure}", {"supplier": known.supplier})]
    if problems := sheet.read_values(policy, {measure: claimed})[1]:
        return problems
    made = cycles.round_of(ctx.session, row.round_id)
    key, year = row.specialty_id, made.evidence_year
    figures = attributes.figures(ctx.session, [key], range(year, year + 1)).get((key, year), {})
    values, _ = sheet.read_values(
        policy, {m: v for m, v in {**figures, measure: claimed}.items() if m in policy.measures}
    )
    site = attributes.site(ctx.session, key).attributes(made.reference_date, defaulted=row.was_defaulted)
    return sheet.failing_checks(policy, values, site)


def _facts(ctx: Context, row: Review, measure: str) -> ChallengeFacts:
    proof = sa.select(Attachment.id).where(Attachment.review_id == row.id, Attachment.measure == measure)
    if row.sheet_opened_at is not None:
        proof = proof.where(Attachment.uploaded_at >= row.sheet_opened_at)
    due = row.challenge_due
    return ChallengeFacts(
        review_scored=row.state == review.State.SCORED,
        sheet_opened=row.sheet_opened_at is not None,
        figures=1 if measure else 0,
        with_evidence=ctx.session.scalar(proof.limit(1)) is not None,
        challenge_days_over=due is not None and not is_kept(ctx.now, due),
        due=None if due is None else last_local_day(due, LOCAL),
    )


def _locked(ctx: Context, challenge_id: int, version: int | None) -> tuple[Challenge, Review, Scope]:
    review_id = ctx.session.scalar(sa.select(Challenge.review_id).where(Challenge.id == challenge_id))
    if review_id is None:
        raise NotFound(Problem("not-found", "challenge", {"kind": "challenge", "id": challenge_id}))
    # The review before its cases: two answers never wait for each other.
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.CHALLENGES, scope, where="challenges")
    return ctx.locked(Challenge, challenge_id, version=version), row, scope


def answer(
    ctx: Context, challenge_id: int, event: ChallengeEvent, text: str, *, version: int | None = None
) -> Challenge:
    """The bureau answers. Upheld: the figure is replaced and the review goes back to be scored again."""
    kept, row, scope = _locked(ctx, challenge_id, version)
    note = Note(audience="school", told={"measure": kept.measure}, specialty_id=row.specialty_id, round_id=row.round_id)
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    if event == ChallengeEvent.UPHOLD and (problems := _unfit(ctx, row, policy, kept.measure, kept.claimed)):
        ctx.permit(entitled(cases.CHALLENGE, kept.state, event), scope, where="challenge")
        raise NotNow(*problems)
    ctx.advance(cases.CHALLENGE, kept, event, ChallengeFacts(answer=text), scope, changes={"answer": text}, note=note)
    if event == ChallengeEvent.UPHOLD:
        made = cycles.round_of(ctx.session, row.round_id)
        new = NewFigure(row.specialty_id, made.evidence_year, kept.measure, kept.claimed,
                        policy.measures[kept.measure].supplier, f"challenge {kept.id}", row.id)  # fmt: skip
        review_queries.record_figures(ctx.session, [new], ctx.now, ctx.person_id)
        facts = review.Facts(challenge_upheld=True)
        ctx.advance(review.WORKFLOW, row, review.Event.UPHOLD_CHALLENGE, facts, scope, note=Note(audience="school"))
    return kept


def of_review(ctx: Context, review_id: int) -> list[tuple[Challenge, list[Possible]]]:
    """A review's challenges, each with what the caller may do with it."""
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.CHALLENGES, scope, where="challenges")
    row = ctx.session.get_one(Review, review_id, populate_existing=True)
    found = ctx.session.scalars(sa.select(Challenge).where(Challenge.review_id == review_id).order_by(Challenge.id))
    return [(kept, _possible(ctx, kept, row, scope)) for kept in found]


def possible(ctx: Context, kept: Challenge) -> list[Possible]:
    """What the caller may do with the challenge, each with why it is not possible now, but for the answer itself."""
    scope = scopes.of_review(ctx.session, kept.review_id, acting=ctx.person_id)
    row = ctx.session.get_one(Review, kept.review_id, populate_existing=True)
    return _possible(ctx, kept, row, scope)


def _possible(ctx: Context, kept: Challenge, row: Review, scope: Scope) -> list[Possible]:
    """Upholding puts the claimed value in the place of the scored one, and sends the review back to be scored."""
    found = ctx.possible(cases.CHALLENGE, kept.state, ChallengeFacts(answer="…"), scope)
    policy = cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)
    goes_back = review.WORKFLOW, row.state, review.Event.UPHOLD_CHALLENGE, review.Facts(challenge_upheld=True)
    return [
        step if step.event != ChallengeEvent.UPHOLD else
        replace(step, reasons=(*step.reasons, *_unfit(ctx, row, policy, kept.measure, kept.claimed),
                               *goes_back[0].objections(*goes_back[1:])))
        for step in found
    ]  # fmt: skip
