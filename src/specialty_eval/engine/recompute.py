"""Whether each public rating of a bundle follows from its inputs, policy and history; without a database.

Four answers (workflow.md, What always holds 5): follows; follows by decision; cannot be checked without which figures;
does not follow, and at which step.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .batch import Batch, History
from .bundle import Bundle, PublicRating
from .certainty import ceilings, possible_ratings
from .committee import ceiling, choices
from .csv_evidence import EVIDENCE, read_evidence
from .csv_history import HISTORY, read_history
from .csv_records import Findings, refuse_size
from .errors import Invalid, Problem
from .frozen import Inputs
from .policy import Policy
from .policy_load import load_policy
from .results import Results
from .scoring import score_batch
from .sources import Sources, joined, of_condition, of_scores, of_value
from .table_batch import batch_of
from .vocabulary import COLOURS, Rating
from .withholding import HIDDEN, by_specialty, hidden_in


class Answer(StrEnum):
    """What a check of one rating finds."""

    FOLLOWS = "follows"
    BY_DECISION = "follows_by_decision"
    UNCHECKED = "cannot_be_checked"
    NOT = "does_not_follow"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one rating: without which figures it cannot be checked, or the step where it does not follow."""

    review: int
    specialty: str
    rating: str
    answer: Answer
    without: tuple[str, ...] = ()
    step: str = ""
    expected: str = ""
    found: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Computed:
    """A run computed anew: exact results, and the possible ratings of those that look at something withheld."""

    policy: Policy
    rows: Mapping[str, Mapping[str, str]]
    """Specialty → its line of RESULTS.csv."""
    possible: Mapping[str, frozenset[Rating]]
    without: Mapping[str, frozenset[str]]
    at_most: Mapping[str, tuple[Rating | None, Rating | None]]
    """Specialty → above which colour no vote gets: by the caps that surely hold, and by all that may."""


def check(bundle: Bundle) -> list[Verdict]:
    """A verdict for each rating, in the bundle's order. Invalid for a policy or inputs that are not what they say."""
    policy = load_policy(bundle.policy.encode())
    problems = []
    if policy.digest != bundle.round.get("policy_digest"):
        digests = {"expected": bundle.round.get("policy_digest"), "value": policy.digest}
        problems.append(Problem("bundle-policy-differs", "policy.yaml", digests))
    if not bundle.withheld:
        problems += _changed_inputs(bundle)
    if problems:
        raise Invalid(*problems)
    computed: dict[int, _Computed] = {}
    for number in sorted({rating.run for rating in bundle.ratings}):
        computed[number] = _computed(policy, bundle, number)
    return [_verdict(rating, computed[rating.run]) for rating in bundle.ratings]


def _changed_inputs(bundle: Bundle) -> list[Problem]:
    """Whole inputs have the digest that the run's event has."""
    found = {run.number: bundle.inputs_of(run.number).digest for run in bundle.runs}
    return [
        Problem(
            "bundle-inputs-differ", f"runs/{run.number}", {"expected": run.inputs_digest, "value": found[run.number]}
        )
        for run in bundle.runs
        if run.inputs_digest != found[run.number]
    ]


def _computed(policy: Policy, bundle: Bundle, number: int) -> _Computed:
    try:
        inputs = bundle.inputs_of(number)
    except KeyError as error:
        raise Invalid(Problem("bundle-file-missing", f"runs/{number}")) from error
    withheld = by_specialty(bundle.withheld)
    if not withheld:
        exact = inputs.score(policy)
        held = {code: ceiling(policy.rating.caps, exact.caps(i)) for i, code in enumerate(exact.specialties)}
        return _Computed(policy, _lines(exact), {}, {}, {code: (best, best) for code, best in held.items()})
    batch, history = _read(policy, inputs)
    results = score_batch(policy, batch, history, rated=inputs.rated)
    place = {code: i for i, code in enumerate(batch.specialties)}
    rows = np.array([place[code] for code in results.specialties], np.intp)
    possible = possible_ratings(policy, batch, history, rows, withheld)
    without = {code: _needed(policy, code, withheld) for code in results.specialties}
    at_most = dict(zip(results.specialties, ceilings(policy, batch, history, rows, withheld), strict=True))
    return _Computed(policy, _lines(results), dict(zip(results.specialties, possible, strict=True)), without, at_most)


def _lines(results: Results) -> dict[str, dict[str, str]]:
    header = results.header()
    return {row[0]: dict(zip(header, row, strict=True)) for row in results.rows()}


def _read(policy: Policy, inputs: Inputs) -> tuple[Batch, History]:
    """Evidence with gaps that nobody made: read like any other, but not asked the policy's checks."""
    evidence, history = inputs.evidence.encode(), inputs.history.encode()
    findings = Findings()
    refuse_size(EVIDENCE, len(evidence))
    refuse_size(HISTORY, len(history))
    table, dirty = read_evidence(policy, evidence, findings)
    earlier = read_history(history, table, findings)
    batch = None if table is None else batch_of(policy, table, without={"", *dirty})
    findings.raise_any()
    if batch is None:
        raise Invalid(Problem("bundle-unreadable", EVIDENCE, {"detail": "no rows"}))
    return batch, History.of(batch, earlier)


def _needed(policy: Policy, code: str, withheld: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The withheld measures that a specialty's result looks at: its own, and everybody's where peers matter."""
    used = rests_on(policy)
    peers = Sources(used.own, used.own if policy.rating.quotas else used.peers)
    return hidden_in(peers, code, withheld)


def rests_on(policy: Policy) -> Sources:
    """All measures that some rating may look at."""
    steps = policy.rating
    named = [s.when for part in (steps.unrated, steps.rules, steps.caps, steps.history, steps.flags) for s in part]
    conditions = [of_condition(policy, when) for when in named if when is not None]
    return joined([*conditions, of_scores(policy), *(of_value(i, policy) for i in policy.weighted)])


# --- one rating ------------------------------------------------------------------------------------------------------


def _verdict(said: PublicRating, run: _Computed) -> Verdict:
    line = run.rows.get(said.specialty)
    without = run.without.get(said.specialty, frozenset())
    possible = frozenset[Rating]()
    if line is not None:
        possible = run.possible[said.specialty] if without else frozenset({Rating(line["rating"])})
    surely, maybe = run.at_most.get(said.specialty, (None, None))
    if broken := _broken_step(said, line, possible, surely, is_exact=not without):
        step, expected, found = broken
        return Verdict(said.review, said.specialty, said.decided, Answer.NOT, (), step, expected, found)
    if len(possible) > 1 or not _may_be_decided(said, maybe):
        return Verdict(said.review, said.specialty, said.decided, Answer.UNCHECKED, tuple(sorted(without)))
    answer = Answer.BY_DECISION if said.decided != said.computed else Answer.FOLLOWS
    return Verdict(said.review, said.specialty, said.decided, answer, reason=said.decision_reason)


def _broken_step(
    said: PublicRating,
    line: Mapping[str, str] | None,
    possible: Collection[Rating],
    at_most: Rating | None,
    *,
    is_exact: bool,
) -> tuple[str, str, str] | None:
    """(step, expected, found) where what is said parts from what is computed, decided and entered."""
    if line is None:
        return "inputs", "rated", ""
    if is_exact and (differences := _differences(said, line)):
        return differences[0]
    if said.computed not in possible:
        return "rating", " | ".join(sorted(possible)), said.computed
    if wrong := _wrong_decision(said, at_most):
        return wrong
    # What is no colour never takes a colour's place: it may have been confirmed without being entered.
    entered = said.in_force or ("" if said.decided in COLOURS else said.decided)
    if said.state == "confirmed" and entered != said.decided:
        return "confirmation", said.decided, said.in_force
    return None


def _wrong_decision(said: PublicRating, at_most: Rating | None) -> tuple[str, str, str] | None:
    if said.decided != said.computed and not said.decision_reason.strip():
        return "decision", said.computed, said.decided
    if not _may_be_decided(said, at_most):
        return "decision", " | ".join(choices(Rating(said.computed), at_most=at_most)), said.decided
    return None


def _may_be_decided(said: PublicRating, at_most: Rating | None) -> bool:
    """Whether a vote may come to it: not above a cap that holds, nor over `unrated` and `incomplete`."""
    return said.decided in choices(Rating(said.computed), at_most=at_most)


def _differences(said: PublicRating, line: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(step, expected, found) of everything that is otherwise than computed, in the order of computing."""
    found = {**{f"dimension:{code}": score for code, score in said.dimensions.items()}, "total": said.total,
             "rating": said.computed, "reasons": ";".join(said.reasons)}  # fmt: skip
    return [(name, line.get(name, ""), value) for name, value in found.items() if value not in (line.get(name), HIDDEN)]


def counted(verdicts: Collection[Verdict]) -> dict[str, int]:
    """How many of each answer."""
    return {answer.value: sum(v.answer is answer for v in verdicts) for answer in Answer}
