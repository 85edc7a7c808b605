"""County and bureau check that evidence is true and complete: claim, pass, return, accept, take over."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from specialty_eval.engine import review, sheet
from specialty_eval.engine.calendar import last_local_day, never_earlier
from specialty_eval.engine.consequences import Duration
from specialty_eval.engine.errors import Invalid, NotNow, Problem
from specialty_eval.engine.permissions import Role, Scope, Thing, may
from specialty_eval.engine.policy import Policy, Rating
from specialty_eval.engine.roles import roles
from specialty_eval.store import attributes, cycles, review_queries, scopes
from specialty_eval.store.review_queries import NewFigure
from specialty_eval.store.reviews import EvidenceVersion, Review, ScoreSheet

from . import county_days
from .context import LOCAL, Context, Note

VERIFIERS = roles(Role.COUNTY_VERIFIER, Role.BUREAU_VERIFIER)
TAKES_OVER = roles(Role.BUREAU_VERIFIER)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a verifier found: measures accepted (None: all others), and those unsupported, each with a reason."""

    accepted: frozenset[str] | None = None
    unsupported: Mapping[str, str] = field(default_factory=dict)


def locked(ctx: Context, review_id: int, *, version: int | None = None) -> tuple[Review, Scope]:
    """The review under a lock, and whose it is; NotFound also for whoever may not know of it."""
    row, scope = scopes.locked(ctx.session, review_id, acting=ctx.person_id)
    ctx.permit_read(Thing.EVIDENCE, scope, where="review")
    ctx.check_version(row, version)
    return row, scope


def policy_of(ctx: Context, row: Review) -> Policy:
    """The policy the review is checked by."""
    return cycles.policy_of(ctx.session, cycles.round_of(ctx.session, row.round_id).policy_id)


def claim(ctx: Context, review_id: int, *, version: int | None = None) -> Review:
    """A verifier begins: from now on the school cannot take its submission back."""
    row, scope = locked(ctx, review_id, version=version)
    grant = ctx.permit(VERIFIERS, scope, where="review")
    if row.state not in review.WITH_THE_VERIFIERS:
        raise NotNow(Problem("step-not-open", "review", {"event": "claim", "state": row.state}))
    row.claimed_by, row.version = ctx.person_id, row.version + 1
    ctx.record("review.claim", row, Note(audience="school"), grant=grant)
    return ctx.saved(row)


def take_over(ctx: Context, review_id: int, reason: str, *, version: int | None = None) -> Review:
    """The bureau takes over what a county has not checked within its days; its `pass` then stands for the county's.

    A school never fails for an office's silence. NotNow with the state, or with the day the county still has.
    """
    row, scope = locked(ctx, review_id, version=version)
    grant = ctx.permit(TAKES_OVER, scope, where="review")
    problems = take_over_problems(ctx, row, scope, policy_of(ctx, row))
    if not reason.strip():
        raise Invalid(Problem("reason-missing", "reason"), *problems)
    if problems:
        raise NotNow(*problems)
    told = {} if row.county_due is None else {"county_had_until": last_local_day(row.county_due, LOCAL).isoformat()}
    row.taken_over, row.county_due, row.version = True, None, row.version + 1
    row.claimed_by, row.updated_at = ctx.person_id or row.claimed_by, ctx.now
    ctx.record("review.take_over", row, Note(reason=reason, audience="school", told=told), grant=grant)
    return ctx.saved(row)


def take_over_silent(ctx: Context, round_id: int, reason: str) -> int:
    """Take over everything of a round that its counties have not checked within their days; how many."""
    city = cycles.round_of(ctx.session, round_id).city
    grant = ctx.permit(TAKES_OVER | {Role.SYSTEM}, Scope(city=city), where="round")
    ctx.lock_all(Review, review_queries.county_overdue(ctx.session, round_id, ctx.settled))
    # Read again under the locks: a county that passed in between was in time.
    silent = review_queries.county_overdue(ctx.session, round_id, ctx.settled)
    review_queries.take_over(ctx.session, silent, ctx.now)
    ctx.record_many("review.take_over", Review, silent, Note(reason=reason, audience="school"), grant=grant)
    return len(silent)


def take_over_problems(ctx: Context, row: Review, scope: Scope, policy: Policy) -> list[Problem]:
    """Why the bureau cannot take the review over now; empty when it can."""
    if row.state not in review.WITH_THE_COUNTY:
        return [Problem("step-not-open", "review", {"event": "take_over", "state": row.state})]
    return review.take_over_problems(facts_of(ctx, row, scope, policy))


def acting_as(ctx: Context, scope: Scope) -> Role:
    """In which office the caller acts here: the bureau's where it holds both."""
    return (
        Role.BUREAU_VERIFIER if may(ctx.actor, roles(Role.BUREAU_VERIFIER), scope, ctx.today) else Role.COUNTY_VERIFIER
    )


def facts_of(ctx: Context, row: Review, scope: Scope, policy: Policy) -> review.Facts:
    """What passing, returning and accepting look at, but for what the caller says with it."""
    return review.Facts(
        acting=acting_as(ctx, scope),
        county_check=policy.workflow.county_check and not scope.run_by_city,
        county_due=None if row.county_due is None else last_local_day(row.county_due, LOCAL),
        county_days_over=row.county_due is None or ctx.settled >= row.county_due,
        taken_over=row.taken_over,
        corrections_used=row.corrections,
        corrections_at_most=policy.workflow.corrections_at_most,
    )


def pass_(ctx: Context, review_id: int, accepted: Verdicts, *, version: int | None = None) -> Review:
    """The county (or the bureau that took over) has checked every measure: on to the bureau."""
    row, scope = locked(ctx, review_id, version=version)
    policy = policy_of(ctx, row)
    left = _mark(ctx, row, "county", accepted, _reported(ctx, row))
    facts = replace(facts_of(ctx, row, scope, policy), unaccepted=left)
    told = Note(audience="school", told={"unsupported": sorted(accepted.unsupported)})
    ctx.advance(review.WORKFLOW, row, review.Event.PASS, facts, scope, note=told,
                changes={"claimed_by": None, "county_due": None, "returned_fields": {}})  # fmt: skip
    return row


def return_(ctx: Context, review_id: int, fields: Mapping[str, str], *, version: int | None = None) -> Review:
    """Back to the school with the fields found wrong, each with its reason; they open again."""
    row, scope = locked(ctx, review_id, version=version)
    policy = policy_of(ctx, row)
    if unknown := [m for m in fields if m not in policy.measures or policy.measures[m].supplier != "school"]:
        raise Invalid(*(Problem("measure-unknown", f"measures.{m}", {"measure": m}) for m in unknown))
    facts = replace(facts_of(ctx, row, scope, policy), returned_fields=fields)
    if row.state == review.State.SCORED:
        sheet = ctx.session.get_one(ScoreSheet, row.sheet_id)
        facts = replace(facts, computed=Rating(sheet.rating), returned_as_incomplete=row.returned_incomplete)
    changes = {
        "correction_due": _correction_due(ctx, row, policy),
        "corrections": row.corrections + (0 if row.state == review.State.SCORED else 1),
        "returned_incomplete": row.returned_incomplete or row.state == review.State.SCORED,
        "returned_fields": dict(fields),
        "claimed_by": None,
        "county_due": None,
    }
    # The reasons are on the review, where the school reads them; the event names the fields alone.
    ctx.advance(review.WORKFLOW, row, review.Event.RETURN, facts, scope,
                note=Note(audience="school", told={"fields": sorted(fields)}), changes=changes)  # fmt: skip
    return row


def _correction_due(ctx: Context, row: Review, policy: Policy) -> datetime:
    """`restart`: the correction days from now; `continue`: those the school has not used. Never earlier than told.

    What the offices take to look at a correction is nobody's of these days; a day is left in any case, and no more
    where no correction came: all its days were used.
    """
    days = policy.workflow.days["correct"]
    if policy.workflow.correction_clock != "restart" and row.correction_due is not None:
        days = Duration(max(1, _days_unused(ctx, row, working=days.working)), working=days.working)
    anew = ctx.calendar().due(ctx.now, days, LOCAL)
    return never_earlier(row.due, never_earlier(row.correction_due, anew))


def _days_unused(ctx: Context, row: Review, *, working: bool) -> int:
    """How many days of its last correction were left when the school handed it in; 0 when none came."""
    if row.correction_due is None or review_queries.nothing_came(ctx.session, row.id):
        return 0
    handed_in = ctx.session.get_one(EvidenceVersion, row.evidence_version_id).submitted_at.astimezone(LOCAL).date()
    return ctx.calendar().days_left(handed_in, last_local_day(row.correction_due, LOCAL), working=working)


def accept(ctx: Context, review_id: int, accepted: Verdicts, *, version: int | None = None) -> Review:
    """The bureau is satisfied: what is accepted goes on record for the year; the rest counts as not reported.

    NotNow with every reason, and while figures of several suppliers contradict each other.
    """
    row, scope = locked(ctx, review_id, version=version)
    policy = policy_of(ctx, row)
    reported = _reported(ctx, row)
    left = _mark(ctx, row, "bureau", accepted, reported)
    missing = missing_of_others(ctx, row, policy)
    facts = replace(facts_of(ctx, row, scope, policy), unaccepted=left, missing_of_others=missing)
    ctx.advance(review.WORKFLOW, row, review.Event.ACCEPT, facts, scope,
                note=Note(audience="school", told={"unsupported": sorted(accepted.unsupported)}),
                changes={"claimed_by": None, "returned_fields": {}})  # fmt: skip
    made = cycles.round_of(ctx.session, row.round_id)
    _record(ctx, row, policy, made.evidence_year, reported)
    if failing := _contradictions(ctx, row, policy, made):
        raise NotNow(*failing)
    return row


def _contradictions(ctx: Context, row: Review, policy: Policy, made: cycles.RoundRow) -> list[Problem]:
    """The checks that hold on the year's record as it would be accepted, the other suppliers' values with it.

    Accepted, nobody could set them right before the score run, which would leave the specialty aside.
    """
    key, year = row.specialty_id, made.evidence_year
    known = attributes.figures(ctx.session, [key], range(year, year + 1)).get((key, year), {})
    typed, _ = sheet.read_values(policy, {m: v for m, v in known.items() if m in policy.measures})
    of_it = attributes.site(ctx.session, key).attributes(made.reference_date, defaulted=row.was_defaulted)
    return sheet.failing_checks(policy, typed, of_it)


BY_THEMSELVES = frozenset({"school", "panel", "computed"})
"""Suppliers whose values come by another way than `supply`: evidence, the panel, the registry."""


def missing_of_others(ctx: Context, row: Review, policy: Policy) -> tuple[str, ...]:
    """The values that other suppliers owe for the year and that accepting waits for."""
    year = cycles.round_of(ctx.session, row.round_id).evidence_year
    known = attributes.figures(ctx.session, [row.specialty_id], range(year, year + 1))
    needed = sheet.blocking(policy) - {m.code for m in policy.measures.values() if m.supplier in BY_THEMSELVES}
    return tuple(sorted(needed - set(known.get((row.specialty_id, year), {}))))


def _reported(ctx: Context, row: Review) -> Mapping[str, Mapping[str, str]]:
    if row.evidence_version_id is None:
        return {}
    return ctx.session.get_one(EvidenceVersion, row.evidence_version_id).figures


def _mark(
    ctx: Context, row: Review, office: str, said: Verdicts, reported: Mapping[str, Mapping[str, str]]
) -> tuple[str, ...]:
    """Put the office's word on each reported measure on record; the measures still without one."""
    if unknown := sorted(set(said.unsupported) - set(reported)):
        raise Invalid(*(Problem("measure-not-reported", f"measures.{m}", {"measure": m}) for m in unknown))
    if silent := sorted(m for m, reason in said.unsupported.items() if not reason.strip()):
        raise Invalid(*(Problem("reason-missing", f"measures.{m}") for m in silent))
    marked = set(reported) if said.accepted is None else {*said.accepted, *said.unsupported}
    given = sorted(marked & set(reported))
    if given:
        review_queries.mark(
            ctx.session, (row.id, row.evidence_version_id, office), given, said.unsupported, ctx.now, ctx.person_id
        )
    return tuple(sorted(set(reported) - marked))


def _record(ctx: Context, row: Review, policy: Policy, year: int, reported: Mapping[str, Mapping[str, str]]) -> None:
    """What both offices accepted becomes the year's figures; what is not supported is taken off the record."""
    refused = review_queries.unsupported(ctx.session, row.id, row.evidence_version_id)
    source = f"review {row.id}, version {row.evidence_version_id}"
    own = [m.code for m in policy.measures.values() if m.supplier == "school"]
    review_queries.record_figures(
        ctx.session,
        [NewFigure(row.specialty_id, year, m, "" if m in refused else reported.get(m, {}).get("value", ""),
                   "school", source, row.id) for m in own],
        ctx.now,
        ctx.person_id,
    )  # fmt: skip


def default(ctx: Context, review_id: int, *, version: int | None = None) -> Review:
    """The deadline passed: nothing came, or no correction did; the last submitted version stands."""
    row, scope = locked(ctx, review_id, version=version)
    due = row.correction_due if row.state == review.State.RETURNED else row.due
    passed = due is not None and ctx.settled >= due
    facts = review.Facts(deadline_passed=passed, reminders_served=row.reminders)
    county = county_days.of_review(ctx, row, scope, policy_of(ctx, row))
    ctx.advance(review.WORKFLOW, row, review.Event.DEFAULT, facts, scope, note=Note(audience="school"),
                changes={"was_defaulted": True, "returned_fields": {}, "county_due": county})  # fmt: skip
    return row


def exempt(ctx: Context, review_id: int, reason: str, *, version: int | None = None) -> Review:
    """The secretary takes a review out of its round, with a reason on record."""
    row, scope = locked(ctx, review_id, version=version)
    facts = review.Facts(reason=reason)
    ctx.advance(review.WORKFLOW, row, review.Event.EXEMPT, facts, scope, note=Note(reason=reason, audience="school"))
    return row
