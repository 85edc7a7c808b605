"""A round's public ratings with all they follow from, so that anybody can compute them again elsewhere."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from specialty_eval.engine.bundle import Bundle, PublicRating, PublishedList, Run
from specialty_eval.engine.bundle_checks import AGAIN
from specialty_eval.engine.commitments import openings
from specialty_eval.engine.cycle import RoundState
from specialty_eval.engine.errors import NotFound, NotNow, Problem
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.permissions import Scope, Thing
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.sources import of_scores
from specialty_eval.engine.withholding import HIDDEN, Band, Withheld, bands, by_specialty, hidden_in, withhold
from specialty_eval.store import bundle_queries, cycles, scoring_queries
from specialty_eval.store.bundle_queries import Listed, Rated, RoundFacts, RunFacts

from .context import Context

OUT = frozenset({RoundState.PUBLICISED.value, RoundState.CONCLUDED.value})
"""The states of a round whose ratings, or some of them, are public."""


@dataclass(frozen=True, slots=True)
class RoundCounts:
    """A round and how many of its reviews stand where."""

    round: RoundFacts
    reviews: Mapping[str, int]


def rounds(ctx: Context) -> list[RoundCounts]:
    """Every round of the installation with its counts: for whoever runs it (the command line)."""
    counts = bundle_queries.reviews_by_state(ctx.session)
    return [RoundCounts(found, counts.get(found.id, {})) for found in bundle_queries.rounds(ctx.session)]


def make(ctx: Context, code: str, *, whole: bool = False) -> Bundle:
    """The bundle of a round. NotFound for a code that is none; NotNow while nothing of the round is public.

    Anybody may have it without what the policy withholds; `whole` is for those who may read every figure (a court
    gets it from them).
    """
    found = bundle_queries.rounds(ctx.session, code)
    if not found:
        raise NotFound(Problem("not-found", "round", {"kind": "round", "id": code}))
    round_ = found[0]
    if whole and not ctx.actor.is_system:
        ctx.permit_read(Thing.DRAFT_LISTS, Scope(city=round_.city), where="round")
    ratings = bundle_queries.public_ratings(ctx.session, round_.id) if round_.state in OUT else []
    if not ratings:
        raise NotNow(Problem("nothing-public-yet", "round", {"code": code, "state": round_.state}))
    return _bundled(ctx, round_, ratings, whole=whole)


def _bundled(ctx: Context, round_: RoundFacts, ratings: Sequence[Rated], *, whole: bool) -> Bundle:
    policy = cycles.policy_of(ctx.session, round_.policy_row)
    kept = bundle_queries.runs(ctx.session, {rated.run for rated in ratings})
    numbers = {run.id: run.number for run in kept}
    inputs = {run.id: Inputs.unpacked(run.inputs) for run in kept}
    early = bundle_queries.not_public(ctx.session, round_.id)
    concerned = {*early, *(r.specialty for r in ratings), *(run.specialty for run in kept if run.specialty)}
    codes = scoring_queries.every_code(ctx.session, concerned)
    unpublished = {code for key in early for code in codes[key]}
    runs, withheld = [], dict[Withheld, None]()
    for run in kept:
        within = None if run.within_id is None else numbers[run.within_id]
        own, hidden = _run(run, within, inputs, codes, policy, None if whole else unpublished)
        runs.append(own)
        withheld |= dict.fromkeys(hidden)
    if withheld:
        # Against an older run's digest hidden figures could be tried, whoever's: it is over all lines and has no salt.
        runs = [run if run.opened else replace(run, inputs_digest="") for run in runs]
    by_code = by_specialty(withheld)
    public = [
        _rating(rated, numbers[rated.run], _code_in(inputs[rated.run], codes[rated.specialty]), policy, by_code)
        for rated in ratings
    ]
    head = bundle_queries.last_head(ctx.session, round_.id)
    text = bundle_queries.policy_text(ctx.session, round_.policy_row)
    told = [
        Band(said.run, said.specialty, indicator, points)
        for rated, said in zip(ratings, public, strict=True)
        for indicator, points in bands(policy, said.specialty, rated.indicators, withheld).items()
    ]
    lists = [_list(found) for found in bundle_queries.lists(ctx.session, round_.id)]
    listed = {line[0] for one in lists for line in one.lines}
    again = sorted(listed - {rating.review for rating in public})
    named = {**_told(round_, policy, head, whole=whole), AGAIN: again}
    renamed = _renamed(public, lists)
    return Bundle(named, text, tuple(runs), tuple(public), tuple(withheld), tuple(told), tuple(lists), renamed)


def _list(found: Listed) -> PublishedList:
    opened, closes = found.opened_at.isoformat(), found.closes_at.isoformat()
    return PublishedList(found.number, found.edition, found.state, found.digest, opened, closes, found.seal_head,
                         tuple(found.lines))  # fmt: skip


def _renamed(ratings: Sequence[PublicRating], lists: Sequence[PublishedList]) -> dict[str, str]:
    named = {rating.review: rating.specialty for rating in ratings}
    lines = ((named.get(line[0]), line[1]) for one in lists for line in one.lines)
    return {listed: scored for scored, listed in lines if scored is not None and scored != listed}


def _run(
    run: RunFacts,
    within: int | None,
    kept: Mapping[int, Inputs],
    codes: Mapping[int, Collection[str]],
    policy: Policy,
    unpublished: Collection[str] | None,
) -> tuple[Run, tuple[Withheld, ...]]:
    """A run as it is given, and what is left out of it; `unpublished` None: nothing is."""
    inputs = shown = kept[run.id]
    hidden = tuple[Withheld, ...]()
    if unpublished is not None:
        # Of a single run's own lines too, what they would give away is seen beside everybody's.
        found = withhold(policy, inputs.evidence, unpublished=unpublished)
        shown, hidden = replace(inputs, evidence=found.evidence), found.withheld
    if run.specialty is not None:
        code = _code_in(inputs, codes[run.specialty])
        inputs, shown = inputs.own(code), shown.own(code)
        hidden = tuple(cell for cell in hidden if cell.specialty == code)
    cells = [(cell.specialty, cell.year, cell.measure) for cell in hidden]
    opened = () if run.secret is None else openings(inputs, run.secret, cells)
    return (
        Run(
            run.number,
            run.kind,
            within,
            run.inputs_digest,
            run.made_at.isoformat(),
            shown.evidence,
            shown.history,
            shown.rated,
            opened,
        ),
        hidden,
    )


def _code_in(inputs: Inputs, codes: Collection[str]) -> str:
    """The code by which the inputs name a specialty that had several."""
    return next(code for code in inputs.rated if code in codes)


def _rating(
    rated: Rated, run: int, code: str, policy: Policy, withheld: Mapping[str, frozenset[str]]
) -> PublicRating:  # fmt: skip
    def score(value: object, dimension: str | None = None) -> str:
        if hidden_in(of_scores(policy, dimension), code, withheld):
            return HIDDEN
        return "" if value is None else str(value)

    return PublicRating(
        review=rated.review,
        specialty=code,
        run=run,
        total=score(rated.total),
        dimensions={d.code: score(rated.dimensions.get(d.code), d.code) for d in policy.dimensions},
        computed=rated.computed,
        reasons=tuple(rated.reasons),
        decided=rated.decided,
        decision_reason=rated.decision_reason if rated.decided != rated.computed else "",
        state=rated.state,
        document_number=rated.document_number,
        in_force=rated.in_force or "",
    )


def _told(round_: RoundFacts, policy: Policy, head: str, *, whole: bool) -> dict[str, Any]:
    return {
        "id": round_.id,
        "code": round_.code,
        "year": round_.year,
        "evidence_year": round_.evidence_year,
        "jurisdiction": round_.city,
        "policy_id": policy.id,
        "policy_version": policy.version,
        "policy_digest": policy.digest,
        "events_head": head,
        "whole": whole,
    }
