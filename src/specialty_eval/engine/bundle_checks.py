"""Whether a bundle is whole in itself: its digests, its lists, what it says is withheld; and what it says nothing of.

A file that was made anew as a whole has a true manifest: what ties it to what was published are the digests and heads
that the notices print. They are found again here, for whoever compares them.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from . import publicity
from .bounds import reach
from .bundle import LINE, RATINGS_FILE, WITHHELD, Bundle, PublicRating, PublishedList, Run
from .commitments import Cell, digest_from, digest_within
from .csv_evidence import EVIDENCE
from .errors import Problem
from .policy import Policy
from .withholding import BANDS, banded, ends_of, unfounded


@dataclass(frozen=True, slots=True)
class Unrated:
    """A specialty that was scored, and of which the bundle has no rating; `lists` it was published on."""

    specialty: str
    lists: tuple[int, ...]


def problems(bundle: Bundle, policy: Policy) -> Iterator[Problem]:
    """Everything that is wrong in the bundle whatever its ratings say."""
    said = bundle.round
    if (policy.digest, policy.id, policy.version) != tuple(
        said.get(f"policy_{part}", of) for part, of in (("digest", ""), ("id", policy.id), ("version", policy.version))
    ):
        digests = {"expected": said.get("policy_digest"), "value": policy.digest}
        yield Problem("bundle-policy-differs", "policy.yaml", digests)
    yield from _round(bundle)
    yield from _twice(bundle)
    yield from _lists(bundle)
    yield from _inputs(bundle)
    yield from _bands(bundle, policy)
    for cell in unfounded(policy, bundle.withheld, {r.specialty for r in bundle.ratings}):
        named = {"specialty": cell.specialty, "year": cell.year, "measure": cell.measure, "why": cell.why.value}
        yield Problem("bundle-withheld-unfounded", WITHHELD, named)


def not_as_published(bundle: Bundle, digests: Iterable[str], heads: Iterable[str]) -> list[Problem]:
    """Which of these, read in notices, are not the bundle's lists' own."""
    known = {one.digest for one in bundle.lists}, {one.seal_head for one in bundle.lists}
    given = (("digest", digests, known[0]), ("head", heads, known[1]))
    return [
        Problem("bundle-not-as-published", what, {"value": value, "known": sorted(ours)})
        for what, values, ours in given
        for value in values
        if value.strip().lower() not in ours
    ]


def unrated(bundle: Bundle) -> list[Unrated]:
    """The scored specialties without a rating in the bundle, by code."""
    rated = {rating.specialty for rating in bundle.ratings}
    on: dict[str, list[int]] = {}
    for one in bundle.lists:
        for line in one.lines:
            on.setdefault(bundle.renamed.get(line[1], line[1]), []).append(one.number)
    scored = {code for run in bundle.runs for code in run.rated}
    return [Unrated(code, tuple(on.get(code, ()))) for code in sorted((scored | on.keys()) - rated)]


AGAIN = "being_decided_again"
"""In the manifest of the round: the reviews on a published list that are being decided again by now."""


def left_out(bundle: Bundle) -> list[Unrated]:
    """The published lines whose rating was cut out of the bundle, by specialty and with the lists."""
    return _without(bundle, {rating.review for rating in bundle.ratings} | _again(bundle))


def decided_again(bundle: Bundle) -> list[Unrated]:
    """The same of what the bundle says is being decided again: no rating is public, and none can be checked."""
    listed = {line[0] for one in bundle.lists for line in one.lines}
    return _without(bundle, listed - _again(bundle))


def _again(bundle: Bundle) -> set[int]:
    said = bundle.round.get(AGAIN)
    named = {review for review in said if isinstance(review, int)} if isinstance(said, list) else set[int]()
    return named - {rating.review for rating in bundle.ratings}


def _without(bundle: Bundle, reviews: Collection[int]) -> list[Unrated]:
    on: dict[tuple[str, int], list[int]] = {}
    for one in bundle.lists:
        for line in one.lines:
            if line[0] not in reviews:
                on.setdefault((bundle.renamed.get(line[1], line[1]), line[0]), []).append(one.number)
    return [Unrated(code, tuple(numbers)) for (code, _), numbers in sorted(on.items())]


def unlisted(said: PublicRating, bundle: Bundle) -> tuple[str, str] | None:
    """(published, found) where a rating is not what the newest list with it says; None where it is."""
    lines = [line for one in bundle.lists for line in one.lines if line[0] == said.review]
    if not lines:
        return "", f"review {said.review}"
    line = lines[-1]
    run = next((run for run in bundle.runs if run.number == said.run), None)
    found: list[Any] = [
        said.review, said.specialty, said.decided, list(said.reasons), line[4], said.computed, said.decision_reason,
        "" if run is None else run.inputs_digest,
    ]  # fmt: skip
    listed = [line[0], bundle.renamed.get(line[1], line[1]), *line[2:]]
    if len(listed) == len(LINE) and not listed[-1]:  # a run whose digest has no salt: the list does not have it
        listed[-1] = found[-1]
    for expected, value in zip(listed, found, strict=False):
        if expected != value:
            return str(expected), str(value)
    return None


# --- what is wrong ---


def _round(bundle: Bundle) -> Iterator[Problem]:
    """What the manifest says of the round is what figures and gaps say; no digest covers it.

    A province's policy may be a city's: where the round is, it does not say.
    """
    years = {row.get("year", "") for run in bundle.runs for row in csv.DictReader(StringIO(run.evidence))}
    newest = max((int(year) for year in years if year.isdigit()), default=None)
    found: dict[str, Any] = {
        "whole": bundle.round.get("whole") and not bundle.withheld,
        "evidence_year": newest,
    }
    for name, value in found.items():
        said = bundle.round.get(name)
        if said is not None and value is not None and said != value:
            yield Problem("bundle-round-differs", f"round.{name}", {"expected": str(value), "value": str(said)})


def _twice(bundle: Bundle) -> Iterator[Problem]:
    named: dict[str, list[Any]] = {
        RATINGS_FILE: [rating.review for rating in bundle.ratings],
        "runs.csv": [run.number for run in bundle.runs],
        "lists.csv": [one.number for one in bundle.lists],
        "lists/*.csv": [(one.number, line[0]) for one in bundle.lists for line in one.lines],
        WITHHELD: [(cell.specialty, cell.year, cell.measure) for cell in bundle.withheld],
        "bands.csv": [(band.run, band.specialty, band.indicator) for band in bundle.bands],
    }
    for file, names in named.items():
        for name, times in Counter(names).items():
            if times > 1:
                yield Problem("bundle-line-twice", file, {"value": str(name), "times": times})


def _lists(bundle: Bundle) -> Iterator[Problem]:
    """Each list has the digest its notice prints, and the newest head is the bundle's."""
    for one in bundle.lists:
        found = publicity.digest(int(bundle.round["id"]), one.number, one.edition, one.lines)
        if found != one.digest:
            yield Problem("bundle-list-differs", f"lists/{one.number}.csv", {"expected": one.digest, "value": found})
    heads = [one.seal_head for one in bundle.lists if one.seal_head]
    newest, said = (heads or [""])[-1], bundle.round.get("events_head", "")
    if newest != said:
        yield Problem("bundle-head-differs", "manifest.json", {"expected": newest, "value": said})


def _bands(bundle: Bundle, policy: Policy) -> Iterator[Problem]:
    """A band is one of those that there are, of an indicator that may have one, within the indicator's own scale."""
    rated = {run.number: set(run.rated) for run in bundle.runs}
    forms = {
        code: {i.code: i.points for i in banded(policy, code, bundle.withheld)}
        for code in {band.specialty for band in bundle.bands}
    }
    for band in bundle.bands:
        form = forms[band.specialty].get(band.indicator)
        is_one = form is not None and band.points in BANDS and band.specialty in rated.get(band.run, ())
        if form is not None and is_one:
            (least, most), (lower, upper) = reach(form), ends_of(band)
            is_one = lower <= most and least <= upper
        if not is_one:
            named = {"specialty": band.specialty, "indicator": band.indicator, "value": band.points}
            yield Problem("bundle-band-impossible", "bands.csv", named)


def _inputs(bundle: Bundle) -> Iterator[Problem]:
    """What is given of each run has the digest that the run's event and the list have."""
    whole = {run.number: run.inputs_digest for run in bundle.runs}
    withheld = {(cell.specialty, cell.year, cell.measure) for cell in bundle.withheld}
    gaps: set[Cell] = set()
    for run in bundle.runs:
        closed = {(told.specialty, told.year, told.column) for told in run.opened if told.commitment}
        gaps |= closed if run.opened else set(_empty(run))
        try:
            found = _digest(bundle, run, whole)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found = f"{type(error).__name__}: {error}"[:200]
        if found not in {None, run.inputs_digest}:
            yield Problem("bundle-inputs-differ", f"runs/{run.number}", {"expected": run.inputs_digest, "value": found})
        for cell in sorted(closed - withheld):
            yield Problem("bundle-withheld-unlisted", f"runs/{run.number}/{EVIDENCE}", {"value": " ".join(cell)})
    for cell in sorted(withheld - gaps):
        yield Problem("bundle-withheld-shown", WITHHELD, {"value": " ".join(cell)})


def _empty(run: Run) -> Iterator[Cell]:
    for row in csv.DictReader(StringIO(run.evidence)):
        yield from ((row["specialty"], row.get("year", ""), name) for name, value in row.items() if not value)


def _digest(bundle: Bundle, run: Run, whole: dict[int, str]) -> str | None:
    """None where an older run's is not told."""
    if not run.opened:
        return bundle.inputs_of(run.number).digest if run.inputs_digest else None
    own = digest_from(bundle.own_inputs(run.number), run.opened)
    return own if run.within is None else digest_within(whole[run.within], own)


def without_digest(runs: Collection[Run]) -> list[int]:
    """The older runs whose digest is not told, because figures could be tried against it: nothing ties them."""
    return [run.number for run in runs if not run.inputs_digest]


def counts(one: PublishedList) -> dict[str, int]:
    """A list's counts, as its notice prints them."""
    lines: Sequence[Sequence[Any]] = one.lines
    return publicity.counts(str(line[2]) for line in lines)
