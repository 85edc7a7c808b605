"""Whether each public rating of a bundle follows from its inputs, policy and history; without a database.

Four answers (workflow.md, What always holds 5): follows; follows by decision; cannot be checked without which figures;
does not follow, and at which step.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from . import bundle_checks
from .batch import Batch, History
from .bundle import Bundle, PublicRating
from .certainty import Look, PossibleReasons, ceilings, led_to, possible_ratings
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
from .withholding import HIDDEN, by_specialty, ends_of, hidden_in


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
    hidden_scores: Mapping[str, Mapping[str, bool]]
    """Specialty → whether each dimension's score, and the total, must read `hidden`."""
    reasons: Mapping[str, PossibleReasons]
    at_most: Mapping[str, tuple[Rating | None, Rating | None]]
    """Specialty → above which colour no vote gets: by the caps that surely hold, and by all that may."""


def check(bundle: Bundle) -> list[Verdict]:
    """A verdict for each rating, in the bundle's order. Invalid for a policy or inputs that are not what they say."""
    policy = load_policy(bundle.policy.encode())
    if problems := list(bundle_checks.problems(bundle, policy)):
        raise Invalid(*problems)
    computed: dict[int, _Computed] = {}
    for number in sorted({rating.run for rating in bundle.ratings}):
        computed[number] = _computed(policy, bundle, number)
    return [_verdict(rating, computed[rating.run], bundle) for rating in bundle.ratings]


def _computed(policy: Policy, bundle: Bundle, number: int) -> _Computed:
    try:
        inputs = bundle.inputs_of(number)
    except KeyError as error:
        raise Invalid(Problem("bundle-file-missing", f"runs/{number}")) from error
    withheld = by_specialty(bundle.withheld)
    if not withheld:
        exact = inputs.score(policy)
        held = {code: ceiling(policy.rating.caps, exact.caps(i)) for i, code in enumerate(exact.specialties)}
        at_most = {code: (best, best) for code, best in held.items()}
        return _Computed(policy, _lines(exact), {}, {}, _hidden(policy, held, withheld), {}, at_most)
    batch, history = _read(policy, inputs)
    results = score_batch(policy, batch, history, rated=inputs.rated)
    place = {code: i for i, code in enumerate(batch.specialties)}
    rows = np.array([place[code] for code in results.specialties], np.intp)
    told = {(band.specialty, band.indicator): ends_of(band) for band in bundle.bands if band.run == number}
    look = Look(policy, batch, history, rows, withheld, told)
    possible, reasons = possible_ratings(look)
    without = {code: _needed(policy, code, withheld) for code in results.specialties}
    named = results.specialties
    return _Computed(
        policy, _lines(results), dict(zip(named, possible, strict=True)), without, _hidden(policy, named, withheld),
        dict(zip(named, reasons, strict=True)), dict(zip(named, ceilings(look), strict=True)),
    )  # fmt: skip


def _hidden(policy: Policy, codes: Iterable[str], withheld: Mapping[str, frozenset[str]]) -> dict[str, dict[str, bool]]:
    scores = {**{f"dimension:{d.code}": d.code for d in policy.dimensions}, "total": None}
    rests = {name: of_scores(policy, dimension) for name, dimension in scores.items()}
    return {code: {name: bool(hidden_in(sources, code, withheld)) for name, sources in rests.items()} for code in codes}


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


def _verdict(said: PublicRating, run: _Computed, bundle: Bundle) -> Verdict:
    line = run.rows.get(said.specialty)
    without = run.without.get(said.specialty, frozenset())
    possible = frozenset[Rating]()
    if line is not None:
        possible = run.possible[said.specialty] if without else frozenset({Rating(line["rating"])})
    surely, maybe = run.at_most.get(said.specialty, (None, None))
    broken = _broken_step(said, line, run, possible, is_exact=not without) or _wrong_decision(said, surely)
    if broken := broken or _not_as_entered(said, bundle):
        step, expected, found = broken
        return Verdict(said.review, said.specialty, said.decided, Answer.NOT, (), step, expected, found)
    if len(possible) > 1 or not _may_be_decided(said, maybe):
        return Verdict(said.review, said.specialty, said.decided, Answer.UNCHECKED, tuple(sorted(without)))
    answer = Answer.BY_DECISION if said.decided != said.computed else Answer.FOLLOWS
    return Verdict(said.review, said.specialty, said.decided, answer, reason=said.decision_reason)


def _broken_step(
    said: PublicRating,
    line: Mapping[str, str] | None,
    run: _Computed,
    possible: Collection[Rating],
    *,
    is_exact: bool,
) -> tuple[str, str, str] | None:
    """(step, expected, found) where what is said parts from what is computed, as far as that can be told."""
    if line is None:
        return "inputs", "rated", ""
    scores = {**{f"dimension:{code}": score for code, score in said.dimensions.items()}, "total": said.total}
    if scores.keys() != run.hidden_scores[said.specialty].keys():
        return "dimension", ";".join(run.hidden_scores[said.specialty]), ";".join(scores)
    for name, is_hidden in run.hidden_scores[said.specialty].items():
        if (expected := HIDDEN if is_hidden else line[name]) != scores[name]:
            return name, expected, scores[name]
    if said.computed not in possible:
        return "rating", " | ".join(sorted(possible)), said.computed
    reasons = ";".join(said.reasons)
    if is_exact:
        return None if reasons == line["reasons"] else ("reasons", line["reasons"], reasons)
    return _impossible_reasons(said, run.reasons[said.specialty], run.policy)


def _impossible_reasons(said: PublicRating, possible: PossibleReasons, policy: Policy) -> tuple[str, str, str] | None:
    """Where the reasons cannot be these, whatever the withheld figures are, or do not lead to the computed rating."""
    wrong = [*(possible.surely - set(said.reasons)), *(set(said.reasons) - possible.maybe)]
    if wrong or list(said.reasons) != [code for code in possible.order if code in said.reasons]:
        expected = ";".join(f"{code}{'' if code in possible.surely else '?'}" for code in possible.order
                            if code in possible.maybe)  # fmt: skip
        return "reasons", expected, ";".join(said.reasons)
    if (leads_to := led_to(policy, said.reasons)) != said.computed:
        return "reasons", said.computed, leads_to or ";".join(said.reasons)
    return None


def _not_as_entered(said: PublicRating, bundle: Bundle) -> tuple[str, str, str] | None:
    """Where a rating is not as it was published, or not as it came into force."""
    if (other := bundle_checks.unlisted(said, bundle)) is not None:
        return "list", *other
    if (said.state == "confirmed") != bool(said.document_number.strip()):
        return "confirmation", "document number" if said.state == "confirmed" else "", said.document_number
    if said.state != "confirmed":
        return ("confirmation", "", said.in_force) if said.in_force or said.state != "publicised" else None
    # What is no colour never takes a colour's place: it may have been confirmed without being entered.
    entered = said.in_force or ("" if said.decided in COLOURS else said.decided)
    if entered != said.decided:
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


def counted(verdicts: Collection[Verdict]) -> dict[str, int]:
    """How many of each answer."""
    return {answer.value: sum(v.answer is answer for v in verdicts) for answer in Answer}
