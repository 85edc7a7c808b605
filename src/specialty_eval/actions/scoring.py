"""The score run of a round: freeze the inputs, compute, keep a sheet for each review, and move them to `scored`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from specialty_eval.engine import cycle, review, soundness
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.meeting import ITEM, ItemEvent, ItemFacts
from specialty_eval.engine.permissions import Role, Scope, Thing
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.review_checks import SheetBasis
from specialty_eval.engine.roles import roles
from specialty_eval.store import cycles, deliberation_queries, scopes, scoring_queries, sheet_basis
from specialty_eval.store.cycles import Round
from specialty_eval.store.deliberation import MeetingItem
from specialty_eval.store.reviews import Review, ScoreRun

from . import run_inputs
from .context import LOCAL, Context, Note
from .run_inputs import Frame, Sealed

if TYPE_CHECKING:
    from specialty_eval.engine.results import Results

SCORERS = roles(Role.SECRETARY, Role.SYSTEM)
SCORED_ANEW = "该专业已重新计分，须按新的计分结果重新审议"
UNDECIDED: Mapping[str, Any] = {"decision_id": None, "decided_rating": None, "served_at": None}
"""Scored anew, a review is decided anew: the decision stays on record, the review no longer stands on it."""
UNPUBLISHED = (review.State.SCORED, review.State.DECIDED, review.State.PREVIEWED)
"""In these states a review stands on a sheet that the public has not seen."""
REFUSED = "figures-refused"
RUNNING = frozenset({cycle.RoundState.SCORING, cycle.RoundState.DELIBERATING, cycle.RoundState.PUBLICISED})


def run(ctx: Context, round_id: int, *, go_on: Mapping[int, str] | None = None) -> ScoreRun:
    """Score every verified review of the round that no run has scored yet, at this moment, from frozen inputs.

    The others are set aside by name, each with its reason, also whose figures the policy refuses; a peer with such
    figures is left out of ranks, by name in the notes. `go_on` (review → reason): its panel stayed below the
    minimum, the measure counts as the policy's `missing` says. NotNow when nothing can be scored, NotYou for a review
    to go on that the caller is recused from; the run itself is the round's, and nothing in it is anybody's to choose.
    """
    r = ctx.locked(Round, round_id)
    frame = run_inputs.frame_of(ctx, round_id)
    scope = Scope(city=frame.round.city)
    ctx.permit(SCORERS, scope, where="score_run")
    _refuse_own(ctx, go_on or {})
    if r.state not in RUNNING:
        raise NotNow(Problem("step-not-open", "round", {"event": "score", "state": r.state}))
    ready = frame.first_scored()
    ctx.lock_all(Review, sorted(ready))
    small, went_on = _small_panels(ctx, frame, ready, go_on or {})
    aside = _not_ready(frame, ready) + small
    for said in aside:
        ready.pop(said["review"], None)
    if not ready:
        raise NotNow(Problem("nothing-to-score", "score_run", {"set_aside": len(aside)}))
    run_inputs.record_panel_and_computed(ctx, frame, ready)
    # Ranks and quotas look at the whole round: those scored in an earlier run stay in the group they are measured by.
    inputs = run_inputs.inputs_of(ctx, frame, ready | frame.measured())
    inputs, results, left_out = _scored(frame, inputs, ready, aside)
    notes = left_out + _now_otherwise(ctx, frame, ready, results)
    went_on = [said for said in went_on if said["review"] in ready]
    made = _keep_run(ctx, frame, inputs, aside=aside, notes=notes, went_on=went_on)
    _keep_sheets(ctx, frame, made, results, ready)
    note = Note(audience="school", told={"run": made.number, **run_inputs.told_digest(made)})
    _move(ctx, results, frame, ready, ScoreStep(review.Event.SCORE, note), scope)
    ctx.record("round.score_run", r, Note(told={"run": made.id, "scored": len(ready), "set_aside": len(aside),
                                                "went_on": len(went_on), "inputs": made.inputs_digest},
                                          round_id=r.id))  # fmt: skip
    return made


def _refuse_own(ctx: Context, go_on: Mapping[int, str]) -> None:
    """That a review goes on with a small panel is said by somebody who has a part in it."""
    if recused := scopes.recused_from(ctx.session, ctx.person_id, go_on):
        raise NotYou(*(Problem("recused", f"go_on.{key}") for key in sorted(recused)))


def _not_ready(frame: Frame, ready: Mapping[int, int]) -> list[dict[str, Any]]:
    """Who is not scored now because of where they stand: not verified yet, or scored again within a run of its own."""
    done = {s.value for s in (*review.ENDED, *review.RATING_COMPUTED)}
    return [
        {"review": r.review, "code": frame.codes[r.specialty], "state": r.state,
         "reason": "scored-again-alone" if r.state == review.State.VERIFIED else "not-verified"}
        for r in frame.reviews
        if r.review not in ready and r.state not in done
    ]  # fmt: skip


def _small_panels(
    ctx: Context, frame: Frame, ready: Mapping[int, int], go_on: Mapping[int, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Whose panel is below its minimum: those set aside for it, and those that go on, each with the reason given."""
    aside: list[dict[str, Any]] = []
    went_on: list[dict[str, Any]] = []
    wanted = [m.code for m in frame.policy.measures.values() if m.supplier == "panel"]
    least = frame.policy.workflow.experts_at_least
    if wanted:
        scores = scoring_queries.panel_scores(ctx.session, list(ready))
        for key, specialty in ready.items():
            short = min(len(scores.get(key, {}).get(m, ())) for m in wanted)
            if short < least:
                reason = go_on.get(key, "").strip()
                named = {"review": key, "code": frame.codes[specialty], "scores": short, "needed": least}
                to = went_on if reason else aside
                to.append({**named, "reason": reason or "panel-below-minimum"})
    return aside, went_on


def _scored(
    frame: Frame, inputs: Inputs, ready: dict[int, int], aside: list[dict[str, Any]]
) -> tuple[Inputs, "Results", list[dict[str, Any]]]:
    """What was scored, its results, and which peers were left out of ranks: those whose figures the policy refuses.

    Of those to be scored now they leave `ready` and are set `aside`. NotNow, with all of them, when nobody is left.
    """
    sound = soundness.score(inputs, frame.policy)
    figures = {code: [one.as_kept() for one in found] for code, found in sound.refused.items()}
    problems = [Problem("figures-refused", f"specialties.{code}", {"code": code, "figures": kept})
                for code, kept in figures.items()]  # fmt: skip
    for key, code in [(key, frame.codes[specialty]) for key, specialty in ready.items()]:
        if code in figures:
            del ready[key]
            aside.append({"review": key, "code": code, "reason": REFUSED, "figures": figures.pop(code)})
    if sound.results is None or not ready:
        raise NotNow(Problem("nothing-to-score", "score_run", {"set_aside": len(aside)}), *problems)
    return (
        sound.inputs,
        sound.results,
        [{"code": code, "reason": REFUSED, "figures": kept} for code, kept in figures.items()],
    )


def _keep_run(
    ctx: Context, frame: Frame, inputs: Inputs, *, aside: list[dict[str, Any]], notes: list[dict[str, Any]],
    went_on: list[dict[str, Any]], sealed: Sealed | None = None, within: int | None = None,
) -> ScoreRun:  # fmt: skip
    """Whole from the first: a run on record never changes. `within`: the whole run that a single one belongs to."""
    number, kind = scoring_queries.next_number(ctx.session, frame.round.id), "round" if within is None else "single"
    sealed = run_inputs.sealed(inputs) if sealed is None else sealed
    return ctx.saved(
        ScoreRun(round_id=frame.round.id, number=number, kind=kind, within_id=within, policy_digest=inputs.policy,
                 inputs_digest=sealed.digest, secret=sealed.secret, inputs=inputs.packed(), set_aside=aside,
                 notes=notes, went_on=went_on, made_at=ctx.now, made_by=ctx.person_id)
    )  # fmt: skip


def _keep_sheets(ctx: Context, frame: Frame, made: ScoreRun, results: "Results", ready: Mapping[int, int]) -> None:
    place = {code: i for i, code in enumerate(results.specialties)}
    sheets = results.sheets([place[frame.codes[specialty]] for specialty in ready.values()])
    versions = scoring_queries.evidence_versions(ctx.session, list(ready))
    due = _deemed_challenge_due(ctx, frame.policy)
    scoring_queries.write_sheets(ctx.session, made.id, zip(ready, sheets, strict=True), versions, due)
    _void_items(ctx, frame, list(ready))


def _void_items(ctx: Context, frame: Frame, reviews: Sequence[int]) -> None:
    """Items still going about what is scored anew are void: what was seen and voted there was about another sheet."""
    going = deliberation_queries.going_items(ctx.session, reviews)
    ctx.lock_all(MeetingItem, going)
    facts, note = ItemFacts(reason=SCORED_ANEW), Note(reason=SCORED_ANEW, round_id=frame.round.id)
    ctx.as_system().advance_many(ITEM, MeetingItem, ItemEvent.VOID, going, Scope(city=frame.round.city),
                                 facts=dict.fromkeys(going, facts), note=note)  # fmt: skip


def _deemed_challenge_due(ctx: Context, policy: Policy) -> datetime:
    """A school that never opens its sheet is deemed served after the policy's days; its challenge days follow."""
    days = policy.workflow.days
    return ctx.calendar().due_unopened(ctx.now, days["deemed_served"], days["challenge"], LOCAL)


@dataclass(frozen=True, slots=True)
class ScoreStep:
    """By which step reviews are scored, with what it looks at and changes besides."""

    event: review.Event
    note: Note
    changes: Mapping[str, Any] | None = None
    basis: SheetBasis | None = None


def _move(
    ctx: Context, results: "Results", frame: Frame, ready: Mapping[int, int], step: ScoreStep, scope: Scope
) -> None:
    place = {code: i for i, code in enumerate(results.specialties)}
    facts = {key: review.Facts(computed=results.rating(place[frame.codes[s]]), reason=step.note.reason,
                               basis=step.basis)
             for key, s in ready.items()}  # fmt: skip
    ctx.advance_many(review.WORKFLOW, Review, step.event, sorted(ready), scope, facts=facts, note=step.note,
                     changes=step.changes)  # fmt: skip


def rescore(ctx: Context, review_id: int, reason: str = "") -> ScoreRun:
    """Score one review again within its run, with only that of its own inputs replaced which was set right.

    From `verified` on the way back from a challenge, an objection or an appeal; from `scored` to `publicised` where an
    earlier rating that it rests on is another now, by the secretary, with a reason (NotNow where none is).

    A panel below its minimum goes on with a reason, the one on record where none is given; NotNow without one.

    Its earlier ratings are those on record now. Its own rank and quota place follow; the others keep what they have.
    Where one of them would now fall differently, the run's `notes` say so, and the secretary may order a new run.
    """
    round_id = ctx.session.scalar(sa.select(Review.round_id).where(Review.id == review_id))
    if round_id is None:
        raise NotFound(Problem("not-found", "review", {"kind": "review", "id": review_id}))
    ctx.locked(Round, round_id)
    row = ctx.locked(Review, review_id)
    frame = run_inputs.frame_of(ctx, round_id)
    scope = scopes.of_review(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit(SCORERS, scope, where="score_run")
    step = _step_again(ctx, row, reason)
    ready = {review_id: row.specialty_id}
    small, went_on = _small_panels(ctx, frame, ready, {review_id: _reason_for_panel(ctx, row, reason)})
    if small:
        facts = {"scores": small[0]["scores"], "needed": small[0]["needed"]}
        raise NotNow(Problem("panel-below-minimum", f"reviews.{review_id}", facts))
    found = run_inputs.scored_before(ctx, row)
    before, within = Inputs.unpacked(found.within.inputs), found.within
    if before.policy != frame.policy.digest:
        raise NotNow(Problem("policy-amended", f"reviews.{review_id}", {"run": within.number}))
    frame = run_inputs.named_in(ctx, frame, before, row.specialty_id)
    code = frame.codes[row.specialty_id]
    own = run_inputs.corrected(ctx, frame, row, found)
    inputs = before.with_own(code, own, run_inputs.history_of(ctx, frame, [row.specialty_id]))
    results = inputs.score(frame.policy)
    earlier = before.score(frame.policy)
    was = {specialty: earlier.rating(i).value for i, specialty in enumerate(earlier.specialties) if specialty != code}
    notes = _falls_differently(was, results)
    made = _keep_run(ctx, frame, inputs, aside=[], notes=notes, went_on=went_on, within=within.id,
                     sealed=run_inputs.sealed_within(within, inputs, code))  # fmt: skip
    _keep_sheets(ctx, frame, made, results, ready)
    told = {"run": made.number, "within": within.number, **run_inputs.told_digest(made)}
    _move(ctx, results, frame, ready, replace(step, note=replace(step.note, told=told)), scope)
    return made


def _step_again(ctx: Context, row: Review, reason: str) -> ScoreStep:
    if row.state == review.State.VERIFIED:
        return ScoreStep(review.Event.SCORE, Note(audience="school"))
    if row.state not in review.RATING_COMPUTED - review.ENDED:
        raise NotNow(Problem("step-not-open", "review", {"event": "score", "state": row.state}))
    basis = sheet_basis.of_reviews(ctx.session, [row.id])[row.id]
    if problems := list(review.basis_changed(review.Facts(basis=basis))):
        raise NotNow(*problems)
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    # Whoever has seen the rating learns that it is computed anew.
    audience = "public" if row.state == review.State.PUBLICISED else "school"
    return ScoreStep(review.Event.RESCORE, Note(reason=reason, audience=audience), UNDECIDED, basis)


def _reason_for_panel(ctx: Context, row: Review, reason: str) -> str:
    """A reason given is for the small panel of a review that went back; of another it is for the step itself."""
    given = reason.strip() if row.state == review.State.VERIFIED else ""
    return given or _reason_on_record(ctx, row) or reason.strip()


def _reason_on_record(ctx: Context, row: Review) -> str:
    """With which the review, or the one its appeal is about, went on in the newest run that says so; or empty."""
    runs = sa.select(ScoreRun.went_on).where(ScoreRun.round_id == row.round_id).order_by(ScoreRun.number.desc())
    told = (said for went_on in ctx.session.scalars(runs) for said in went_on)
    return next((str(said["reason"]) for said in told if said["review"] in {row.id, row.replaces_id}), "")


def _now_otherwise(ctx: Context, frame: Frame, ready: Mapping[int, int], results: "Results") -> list[dict[str, Any]]:
    """Of those that the run does not score, whoever would now be rated otherwise than on their sheet."""
    others = {key: s for key, s in frame.of_state(*review.RATING_COMPUTED).items() if key not in ready}
    ratings = scoring_queries.computed_ratings(ctx.session, list(others))
    return _falls_differently({frame.codes[others[key]]: rating for key, rating in ratings.items()}, results)


def _falls_differently(was: Mapping[str, str], now: "Results") -> list[dict[str, Any]]:
    """The others (code → rating) whose rating would be another now."""
    return [
        {"code": code, "was": was[code], "would_be": now.rating(i).value}
        for i, code in enumerate(now.specialties)
        if code in was and now.rating(i).value != was[code]
    ]


def order_new_run(
    ctx: Context, round_id: int, reason: str, *, go_on: Mapping[int, str] | None = None
) -> ScoreRun:  # fmt: skip
    """A new run of all that is not yet publicised, with a reason; the earlier run stays readable.

    Whose panel is below its minimum keeps its sheet, unless it goes on with a reason (as in `run`). It is ordered for
    the whole round, never for one review, so that whoever is recused from one may order it.
    """
    r = ctx.locked(Round, round_id)
    frame = run_inputs.frame_of(ctx, round_id)
    scope = Scope(city=frame.round.city)
    ctx.permit(roles(Role.SECRETARY), scope, where="score_run")
    _refuse_own(ctx, go_on or {})
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"))
    ready = frame.of_state(*UNPUBLISHED)
    ctx.lock_all(Review, sorted(ready))
    aside, went_on = _small_panels(ctx, frame, ready, go_on or {})
    for said in aside:
        ready.pop(said["review"])
    return _score_anew(ctx, r, frame, ready, (aside, went_on), reason)


def score_under_amendment(ctx: Context, round_id: int, reason: str) -> ScoreRun | None:
    """Whatever stands on a sheet by the version before, anew by the one pinned now; None where nothing does yet.

    A panel that went on below its minimum goes on with the reason it had. NotNow, with everybody who would be left
    behind on the old version: nobody is. The caller has pinned the version and may act.
    """
    r = ctx.locked(Round, round_id)
    frame = run_inputs.frame_of(ctx, round_id)
    ready = frame.of_state(*UNPUBLISHED)
    states = ctx.lock_all(Review, sorted(ready))
    moved = [key for key, state in states.items() if state not in UNPUBLISHED]
    if moved:
        raise NotNow(*(Problem("changed-meanwhile", f"reviews.{key}", {"id": key}) for key in moved))
    if not ready:
        return None
    aside, went_on = _small_panels(ctx, frame, ready, scoring_queries.gone_on(ctx.session, round_id))
    return _score_anew(ctx, r, frame, ready, (aside, went_on), reason, everybody=True)


def _score_anew(
    ctx: Context, r: Round, frame: Frame, ready: dict[int, int],
    panels: tuple[list[dict[str, Any]], list[dict[str, Any]]], reason: str, *, everybody: bool = False,
) -> ScoreRun:  # fmt: skip
    """One run of reviews that stand on a sheet; `everybody`: not one of them is left out of it."""
    aside, went_on = panels
    if not ready:
        raise NotNow(Problem("nothing-to-score", "score_run", {"set_aside": len(aside)}))
    run_inputs.record_panel_and_computed(ctx, frame, ready)
    inputs = run_inputs.inputs_of(ctx, frame, frame.measured())
    inputs, results, left_out = _scored(frame, inputs, ready, aside)
    if everybody and aside:
        raise NotNow(*(Problem("left-on-the-old-version", f"specialties.{said['code']}", {"reason": said["reason"]})
                       for said in aside))  # fmt: skip
    notes = left_out + _now_otherwise(ctx, frame, ready, results)
    went_on = [said for said in went_on if said["review"] in ready]
    made = _keep_run(ctx, frame, inputs, aside=aside, notes=notes, went_on=went_on)
    _keep_sheets(ctx, frame, made, results, ready)
    note = Note(reason=reason, audience="school", told={"run": made.number, **run_inputs.told_digest(made)})
    by = ctx.as_system() if everybody else ctx
    _move(by, results, frame, ready, ScoreStep(review.Event.RESCORE, note, UNDECIDED), Scope(city=frame.round.city))
    ctx.record("round.score_run", r, Note(reason=reason, told={
        "run": made.id, "scored": len(ready), "set_aside": len(aside), "went_on": len(went_on),
    }, round_id=r.id))  # fmt: skip
    return made


def read(ctx: Context, run_id: int) -> ScoreRun:
    """A run with its frozen inputs; NotFound for whoever may not read drafts."""
    made = ctx.session.get(ScoreRun, run_id, options=[sa.orm.undefer(ScoreRun.inputs)])
    if made is None:
        raise NotFound(Problem("not-found", "score_run", {"kind": "score_run", "id": run_id}))
    city = cycles.round_of(ctx.session, made.round_id).city
    ctx.permit_read(Thing.DRAFT_LISTS, Scope(city=city), where="score_run")
    if _kept_from(ctx, made.round_id):
        raise NotYou(Problem("recused", "score_run"))
    return made


def _kept_from(ctx: Context, round_id: int) -> frozenset[str]:
    """The codes of the specialties that the caller is recused from: a run's inputs hold those of the whole city."""
    return scopes.recused_codes(ctx.session, round_id, ctx.person_id)


def told(ctx: Context, made: ScoreRun) -> dict[str, list[dict[str, Any]]]:
    """Who a run set aside, who went on with a small panel, for whom it would now fall differently; without those the
    caller is recused from.
    """
    hidden = _kept_from(ctx, made.round_id)
    return {
        "set_aside": [said for said in made.set_aside if said["code"] not in hidden],
        "went_on": [said for said in made.went_on if said["code"] not in hidden],
        "notes": [said for said in made.notes if said["code"] not in hidden],
    }


def files(made: ScoreRun) -> dict[str, Any]:
    """The frozen inputs of a run as the files they are."""
    inputs = Inputs.unpacked(made.inputs)
    return {"evidence.csv": inputs.evidence, "history.csv": inputs.history, "rated": list(inputs.rated)}
