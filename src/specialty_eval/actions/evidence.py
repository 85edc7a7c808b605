"""What a school hands in: drafts, submission, recall; what other suppliers hand in; the yearly facts of all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from specialty_eval.engine import review, sheet
from specialty_eval.engine.calendar import is_kept, last_local_day, never_earlier
from specialty_eval.engine.errors import Changed, Invalid, NotNow, NotYou, Problem
from specialty_eval.engine.evidence import Value
from specialty_eval.engine.permissions import FILLS_IN, Scope, Thing, may, may_supply
from specialty_eval.engine.policy import Policy
from specialty_eval.store import attributes, cycles, registry, review_queries, rows, scopes
from specialty_eval.store.review_queries import NewFigure
from specialty_eval.store.reviews import EvidenceDraft, EvidenceVersion, Review

from . import county_days
from .context import LOCAL, Context, Note


@dataclass(frozen=True, slots=True)
class Figures:
    """Measure → value as written (empty: not reported), and where the school has it from."""

    values: Mapping[str, str]
    sources: Mapping[str, str]

    def as_kept(self) -> dict[str, dict[str, str]]:
        """As a draft or a version keeps it: only what is reported."""
        return {m: {"value": v.strip(), "source": self.sources.get(m, "")} for m, v in self.values.items() if v.strip()}


def locked(ctx: Context, review_id: int, *, version: int | None = None) -> tuple[Review, Scope]:
    """The review under a lock, and whose it is; NotFound also for whoever may not know of it."""
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    if not may(ctx.actor, FILLS_IN, scope, ctx.today):
        ctx.permit_read(Thing.EVIDENCE, scope, where="review")
    ctx.check_version(row, version)
    return row, scope


def policy_of(ctx: Context, row: Review) -> Policy:
    """The policy the review's round pins."""
    return cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)


def _due(row: Review) -> datetime | None:
    """Until when the school may act: a correction has days of its own, which it keeps once it is handed in."""
    if row.state == review.State.SUBMITTED and row.due is not None:
        return never_earlier(row.correction_due, row.due)
    return row.correction_due if row.state == review.State.RETURNED else row.due


def due_of(row: Review) -> review.Facts:
    """The deadline that the review's present state has, as facts without anything else."""
    due = _due(row)
    return review.Facts(due=None if due is None else last_local_day(due, LOCAL))


def is_late(ctx: Context, row: Review) -> bool:
    """Whether the request's last byte arrived after the deadline."""
    due = _due(row)
    return due is not None and not is_kept(ctx.now, due)


def save(ctx: Context, review_id: int, figures: Figures, self_evaluation: str, *, version: int | None) -> EvidenceDraft:
    """Keep what the school has filled in so far, whole or half. Values are checked, completeness is not.

    Invalid with every wrong field; NotNow when the review is not with the school; `version` is the draft's.
    """
    row, scope = locked(ctx, review_id)
    grant = ctx.permit(FILLS_IN, scope, where="evidence")
    draft = rows.locked(ctx.session, EvidenceDraft, review_id)
    current = draft.version if draft else 0
    if version is not None and version != current:
        raise Changed(Problem("changed-meanwhile", "evidence", {"yours": version, "current": current}))
    if row.state not in review.WITH_THE_SCHOOL:
        raise NotNow(Problem("step-not-open", "review", {"event": "save", "state": row.state}))
    policy = policy_of(ctx, row)
    kept = draft.figures if draft else {}
    problems = _wrong(policy, figures.values) + _closed_fields(policy, row, kept, figures)
    if problems:
        raise Invalid(*problems)
    if draft is None:
        draft = EvidenceDraft(review_id=review_id, figures={}, self_evaluation="", version=0, saved_at=ctx.now)
    draft.figures, draft.self_evaluation = figures.as_kept(), self_evaluation
    draft.version, draft.saved_at, draft.saved_by = draft.version + 1, ctx.now, ctx.person_id
    ctx.saved(draft)
    ctx.record("evidence.save", row, Note(audience="school", told={"reported": len(draft.figures)}), grant=grant)
    return draft


def _wrong(policy: Policy, values: Mapping[str, str]) -> list[Problem]:
    own = {code for code, m in policy.measures.items() if m.supplier == "school"}
    foreign = [Problem("measure-not-yours" if code in policy.measures else "measure-unknown", f"measures.{code}",
                       {"measure": code}) for code in values if code not in own]  # fmt: skip
    return foreign + sheet.read_values(policy, {c: v for c, v in values.items() if c in own})[1]


def _closed_fields(policy: Policy, row: Review, kept: Mapping[str, Mapping[str, str]], new: Figures) -> list[Problem]:
    """After a return only the fields found wrong, and those that share a check with them, are open; also once the
    correction was taken back.
    """
    if not row.returned_fields:
        return []
    open_ = sheet.opened_by_return(policy, row.returned_fields)
    now = new.as_kept()
    changed = {m for m in {*kept, *now} if kept.get(m, {}).get("value") != now.get(m, {}).get("value")}
    return [Problem("field-not-open", f"measures.{m}", {"measure": m}) for m in sorted(changed - open_)]


def submission_facts(ctx: Context, row: Review, policy: Policy, draft: EvidenceDraft | None) -> review.Facts:
    """Everything that can stand in the way of submitting, at once."""
    values = {m: f["value"] for m, f in (draft.figures if draft else {}).items()}
    typed, wrong = sheet.read_values(policy, values)
    required = {m.code for m in policy.measures.values() if m.supplier == "school" and m.evidence_required}
    return review.Facts(
        due=due_of(row).due,
        deadline_passed=is_late(ctx, row),
        failing_checks=tuple(sheet.failing_checks(policy, typed, attributes_of(ctx, row))) if not wrong else (),
        missing_blocking=tuple(sorted(sheet.blocking(policy, "school") - set(values))),
        missing_attachments=tuple(sorted((required & set(values)) - review_queries.attached(ctx.session, row.id))),
    )


def attributes_of(ctx: Context, row: Review) -> Mapping[str, Value]:
    """What the system knows of the reviewed specialty at the round's reference date."""
    at = cycles.round_of(ctx.session, row.round_id).reference_date
    return attributes.site(ctx.session, row.specialty_id).attributes(at, defaulted=row.was_defaulted)


def submit(ctx: Context, review_id: int, *, version: int | None = None) -> Review:
    """The school head signs: the draft is frozen as the next version and goes to the verifiers.

    Where the policy has no county check, or the city runs the school, it passes that check at once.
    """
    row, scope = locked(ctx, review_id, version=version)
    policy = policy_of(ctx, row)
    draft = rows.locked(ctx.session, EvidenceDraft, review_id)
    facts = submission_facts(ctx, row, policy, draft)
    frozen = _freeze(ctx, row, draft)
    county = county_days.of_review(ctx, row, scope, policy)
    told: dict[str, object] = {"version": frozen.number, "digest": frozen.digest}
    if county is not None:
        told["county_until"] = last_local_day(county, LOCAL).isoformat()
    ctx.advance(review.WORKFLOW, row, review.Event.SUBMIT, facts, scope,
                note=Note(audience="school", told=told),
                changes={"evidence_version_id": frozen.id, "claimed_by": None, "county_due": county})  # fmt: skip
    if scope.run_by_city or not policy.workflow.county_check:
        at_once = review.Facts(county_check=False)
        ctx.as_system().advance(review.WORKFLOW, row, review.Event.PASS, at_once, scope, note=Note(audience="school"))
    return row


def _freeze(ctx: Context, row: Review, draft: EvidenceDraft | None) -> EvidenceVersion:
    newest = sa.select(sa.func.max(EvidenceVersion.number)).where(EvidenceVersion.review_id == row.id)
    figures, text = (draft.figures, draft.self_evaluation) if draft else ({}, "")
    canonical = json.dumps([figures, text], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    new = {
        "review_id": row.id, "number": (ctx.session.scalar(newest) or 0) + 1, "figures": figures,
        "self_evaluation": text, "digest": hashlib.sha256(canonical.encode()).hexdigest(), "submitted_at": ctx.now,
        "submitted_by": ctx.person_id,
    }  # fmt: skip
    return rows.inserted(ctx.session, EvidenceVersion, new)


def recall(ctx: Context, review_id: int, *, version: int | None = None) -> Review:
    """The school takes its submission back, while nobody has begun to verify it and before the deadline.

    A correction taken back keeps the days it was told, and no more fields open than it was returned for.
    """
    row, scope = locked(ctx, review_id, version=version)
    facts = review.Facts(due=due_of(row).due, deadline_passed=is_late(ctx, row),
                         verification_claimed=row.claimed_by is not None)  # fmt: skip
    # What was taken back is not what the school reported: the version before it stands, if there is one.
    before = review_queries.version_before(ctx.session, row.id, row.evidence_version_id)
    ctx.advance(review.WORKFLOW, row, review.Event.RECALL, facts, scope, note=Note(audience="school"),
                changes={"evidence_version_id": before, "county_due": None, "due": _due(row)})  # fmt: skip
    return row


# --- the other suppliers, and the other years ---


def supply(ctx: Context, specialty_id: int, year: int, policy: Policy, figures: Figures) -> int:
    """Put another supplier's values on record; how many are new. NotYou with every measure that is not the caller's.

    Invalid with every check that holds on them together with what is on record of the year.

    NotNow once a review that looks at that year was accepted.
    """
    scope = scopes.of_specialty(ctx.session, specialty_id, acting=ctx.person_id)
    suppliers = (m.supplier.partition(":") for m in policy.measures.values())
    scope = replace(scope, departments=frozenset(code for kind, _, code in suppliers if kind == "department"))
    problems = []
    for code in figures.values:
        measure = policy.measures.get(code)
        if measure is None:
            raise Invalid(Problem("measure-unknown", f"measures.{code}", {"measure": code}))
        is_others = measure.supplier not in {"school", "panel", "computed"}
        if not is_others or not may_supply(ctx.actor, measure.supplier, scope, ctx.today):
            problems.append(Problem("measure-not-yours", f"measures.{code}", {"supplier": measure.supplier}))
    if problems:
        raise NotYou(*problems)
    _refuse_held(ctx, specialty_id, year, by_school=False)
    return _record(ctx, specialty_id, year, policy, figures)


def report_year(ctx: Context, specialty_id: int, year: int, policy: Policy, figures: Figures) -> int:
    """A school's yearly facts of a specialty that is not being reviewed on that year; how many are new.

    Invalid with every wrong field and every check that holds; NotNow while a review asks for the same year, or was
    handed in and looks at it.
    """
    scope = scopes.of_specialty(ctx.session, specialty_id, acting=ctx.person_id)
    ctx.permit(FILLS_IN, scope, where="figures")
    _refuse_held(ctx, specialty_id, year, by_school=True)
    if problems := _wrong(policy, figures.values):
        raise Invalid(*problems)
    return _record(ctx, specialty_id, year, policy, figures)


FIRST_YEAR = 1900
"""No figure is of a year before; a file's neither."""


def _refuse_held(ctx: Context, specialty_id: int, year: int, *, by_school: bool) -> None:
    if not FIRST_YEAR <= year <= ctx.today.year:
        facts = {"value": year, "expected": f"{FIRST_YEAR}..{ctx.today.year}"}
        raise Invalid(Problem("year-not-reported-on", "year", facts))
    held = review_queries.holding(ctx.session, [(specialty_id, year)], by_school=by_school)
    if held:
        raise NotNow(Problem("year-under-review", "year", {"year": year, "review": held[specialty_id, year]}))


def _record(ctx: Context, specialty_id: int, year: int, policy: Policy, figures: Figures) -> int:
    if problems := sheet.read_values(policy, figures.values)[1]:
        raise Invalid(*problems)
    _refuse_contradictions(ctx, specialty_id, year, policy, figures)
    new = [NewFigure(specialty_id, year, code, value.strip(), policy.measures[code].supplier,
                     figures.sources.get(code, "")) for code, value in figures.values.items()]  # fmt: skip
    recorded = review_queries.record_figures(ctx.session, new, ctx.now, ctx.person_id)
    specialty = ctx.session.get_one(registry.Specialty, specialty_id)
    told = {"year": year, "measures": sorted(figures.values)}
    ctx.record("figures.record", specialty, Note(audience="school", told=told, specialty_id=specialty_id))
    return recorded


def _refuse_contradictions(ctx: Context, specialty_id: int, year: int, policy: Policy, figures: Figures) -> None:
    """Values come by parts and from several: a check about any of them looks at the whole record of the year."""
    ctx.locked(registry.Specialty, specialty_id)
    on_record = attributes.figures(ctx.session, [specialty_id], range(year, year + 1)).get((specialty_id, year), {})
    known = attributes.site(ctx.session, specialty_id).attributes(ctx.today, defaulted=False)
    if failing := sheet.contradictions(policy, on_record, figures.values, known):
        raise Invalid(*failing)


def supply_by_code(ctx: Context, code: str, year: int, policy: tuple[str, str], figures: Figures) -> int:
    """`supply`, by the specialty's current code and the policy's id and version."""
    specialty = registry.id_of(ctx.session, code)
    return supply(ctx, specialty, year, _policy_named(ctx, specialty, year, policy), figures)


def _policy_named(ctx: Context, specialty_id: int, year: int, named: tuple[str, str]) -> Policy:
    """The policy the caller names; where a round scores that year, who supplies what is its pinned policy's word."""
    found = cycles.policy_named(ctx.session, *named)
    scope = scopes.of_specialty(ctx.session, specialty_id, acting=ctx.person_id)
    pinned = cycles.pinned_for(ctx.session, scope.city, year)
    if pinned and found.digest not in pinned:
        facts = {"value": "@".join(named), "known": sorted(pinned.values())}
        raise Invalid(Problem("policy-of-no-round", "policy_id", facts))
    return found


def report_by_code(ctx: Context, code: str, year: int, policy: tuple[str, str], figures: Figures) -> int:
    """`report_year`, by the specialty's current code and the policy's id and version."""
    specialty = registry.id_of(ctx.session, code)
    return report_year(ctx, specialty, year, _policy_named(ctx, specialty, year, policy), figures)
