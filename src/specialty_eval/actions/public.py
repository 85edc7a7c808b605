"""Reads: the public pages. No credential opens more here, so nothing shown can be more than anybody may know."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from specialty_eval.engine.errors import Invalid, NotFound, Problem
from specialty_eval.engine.policy import Label, Policy, Rating
from specialty_eval.store import cycles, public_changes, public_queries, public_specialty, registry, status_queries
from specialty_eval.store.public_changes import Change
from specialty_eval.store.public_queries import Choices, Counted, PublicRound, Row, Wanted
from specialty_eval.store.public_specialty import Known, Past, Proposal, Quota
from specialty_eval.store.publications_queries import reason_labels
from specialty_eval.store.registry import SpecialtyCode

from .context import Context
from .paging import Page

__all__ = ["CASES", "RATINGS", "Results", "Specialty", "Wanted", "policy", "results", "round_of", "specialty"]

CASES = ("", "proposed", "contested")
RATINGS = (*(rating.value for rating in Rating), public_queries.NEVER)


@dataclass(frozen=True, slots=True)
class Results:
    """What came out: counts of what is wanted, a page of it, some rounds and behind which there are more, and what can
    be asked for.
    """

    bureau: str
    today: date
    wanted: Wanted
    choices: Choices
    counted: Sequence[Counted]
    rows: Sequence[Row]
    next: str | None
    rounds: Sequence[PublicRound]
    earlier: int | None


def results(ctx: Context, wanted: Wanted, page: Page, rounds_before: int | None = None) -> Results:
    """The public result page: as many statements for a city as for a school. Invalid for what cannot be asked."""
    if wanted.case not in CASES:
        raise Invalid(Problem("request-field-wrong", "case", {"expected": list(CASES), "value": wanted.case[:100]}))
    query = page.within(public_queries.rows(wanted, ctx.today), SpecialtyCode.code)
    shown, cursor = page.cut([Row(*list(row)) for row in ctx.session.execute(query)], lambda row: (row.code,))
    rounds, earlier = public_queries.newest(ctx.session, rounds_before)
    return Results(
        bureau=public_queries.bureau(ctx.session),
        today=ctx.today,
        wanted=wanted,
        choices=public_queries.choices(ctx.session),
        counted=public_queries.counted(ctx.session, wanted, ctx.today),
        rows=shown,
        next=cursor,
        rounds=public_queries.rounds(ctx.session, rounds),
        earlier=earlier,
    )


@dataclass(frozen=True, slots=True)
class Specialty:
    """One specialty: what is in force, provisional and contested, its history as known now and as known before.

    `labels`: a policy's row → what its codes of ratings and reasons are called.
    """

    known: Known
    today: date
    in_force: Past | None
    proposal: Proposal | None
    history: Sequence[Past]
    corrected: Sequence[Past]
    quotas: Sequence[Quota]
    rectification: tuple[str, date] | None
    changes: Sequence[Change]
    labels: Mapping[int | None, Mapping[str, Label]]
    sequence: int

    @property
    def is_closed(self) -> bool:
        """Whether it is taught no longer."""
        return self.known.closed_on is not None and self.known.closed_on <= self.today


def specialty(ctx: Context, code: str) -> Specialty:
    """The specialty that this code names, now or before; NotFound."""
    key = registry.id_of(ctx.session, code)
    ratings = public_specialty.ratings(ctx.session, key)
    proposal = public_specialty.proposal(ctx.session, key)
    history = [past for past in ratings if past.known_to is None]
    rows = {past.policy_row for past in ratings} | ({proposal.policy_row} if proposal else set())
    return Specialty(
        known=public_specialty.known(ctx.session, key),
        today=ctx.today,
        in_force=next((past for past in history if past.holds(ctx.today)), None),
        proposal=proposal,
        history=history,
        corrected=[past for past in ratings if past.known_to is not None],
        quotas=public_specialty.quotas(ctx.session, key),
        rectification=public_specialty.rectification(ctx.session, key),
        changes=public_changes.changes(ctx.session, key),
        labels=_labels(ctx, rows),
        sequence=status_queries.sequence(ctx.session, key),
    )


def _labels(ctx: Context, policies: Iterable[int | None]) -> dict[int | None, Mapping[str, Label]]:
    found: dict[int | None, Mapping[str, Label]] = {None: {}}
    for row in policies:
        if row is None:
            continue
        pinned = cycles.policy_of(ctx.session, row)
        ratings = {rating.value: label for rating, label in pinned.rating.labels.items()}
        found[row] = {**reason_labels(pinned), **ratings}
    return found


def round_of(ctx: Context, round_id: int) -> PublicRound:
    """A round of a cycle that was started; NotFound."""
    found = public_queries.rounds(ctx.session, [round_id])
    if not found:
        raise NotFound(Problem("not-found", "round", {"kind": "round", "id": round_id}))
    return found[0]


def policy(ctx: Context, policy_id: str, version: str) -> Policy:
    """A policy on record; NotFound."""
    return cycles.policy_named(ctx.session, policy_id, version)
