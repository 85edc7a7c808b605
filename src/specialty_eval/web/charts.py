"""Bars as segments in per cent of their row: an inline SVG without a viewBox, so that text and patterns keep their
size, nothing needs a `style` attribute, and print and phones show the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from specialty_eval.engine.policy import COLOURS

KINDS = (*(colour.value for colour in COLOURS), "none")
"""What is counted, in the order of the segments; `none` is everything that is no colour."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a bar, in per cent of the row."""

    kind: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a chart: what it counts, the numbers by kind, and how they are drawn."""

    key: str
    name: str
    counts: Mapping[str, int]
    total: int
    segments: tuple[Segment, ...]


def bars(names: Mapping[str, str], found: Iterable[tuple[str, str, int]]) -> list[Bar]:
    """A row for each name in its order, drawn to the scale of the longest; `found`: (key, kind, how many)."""
    counts: dict[str, Counter[str]] = {key: Counter() for key in names}
    for key, kind, number in found:
        counts.setdefault(key, Counter())[kind if kind in KINDS else "none"] += number
    longest = max((of.total() for of in counts.values()), default=0) or 1
    return [Bar(key, names.get(key, key), of, of.total(), _segments(of, longest)) for key, of in counts.items()]


def _segments(of: Mapping[str, int], longest: int) -> tuple[Segment, ...]:
    made, at = [], 0
    for kind in KINDS:
        if of.get(kind, 0):
            made.append(Segment(kind, f"{100 * at / longest:.3f}%", f"{100 * of[kind] / longest:.3f}%"))
            at += of[kind]
    return tuple(made)
