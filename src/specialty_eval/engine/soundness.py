"""Frozen inputs whose figures the policy refuses here and there: those specialties are left out, each with its reason.

A figure was fit when it came in and need not be now: two suppliers' values can break a check together, and a newer
policy can have other bounds. One specialty's figures are no reason to rate nobody.
"""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from io import StringIO
from typing import TYPE_CHECKING

from .csv_evidence import EVIDENCE
from .errors import Invalid, Problem
from .frozen import Inputs, as_csv
from .policy import Policy

if TYPE_CHECKING:
    from .results import Results


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing the policy refuses about a specialty's figures of a year: a check that holds, or one value."""

    year: int
    code: str
    check: str
    measures: tuple[str, ...]

    def as_kept(self) -> dict[str, object]:
        """As a run keeps it; no value, which may be restricted."""
        return {"year": self.year, "code": self.code, "check": self.check, "measures": list(self.measures)}


@dataclass(frozen=True, slots=True)
class Sound:
    """The inputs that were scored, the results (None: nobody is left to rate), and who was left out and why."""

    inputs: Inputs
    results: "Results | None"
    refused: Mapping[str, tuple[Refused, ...]]


def score(inputs: Inputs, policy: Policy) -> Sound:
    """Score what can be scored. Invalid for a fault of the inputs that is no specialty's own."""
    refused: dict[str, tuple[Refused, ...]] = {}
    while inputs.rated:
        try:
            return Sound(inputs, inputs.score(policy), refused)
        except Invalid as found:
            by_specialty = _by_specialty(inputs, found)
            if not by_specialty:
                raise
            refused |= by_specialty
            inputs = _without(inputs, by_specialty)
    return Sound(inputs, None, refused)


def _by_specialty(inputs: Inputs, found: Invalid) -> dict[str, tuple[Refused, ...]]:
    """Whose lines they are about; nobody's when one of them is about no line. Beyond the first thousand come later."""
    records = list(csv.DictReader(StringIO(inputs.evidence)))
    of: dict[str, list[Refused]] = {}
    for problem in found.problems:
        if problem.code == "more-problems":
            continue
        row = problem.facts.get("row")
        if problem.facts.get("file") != EVIDENCE or not isinstance(row, int) or not 2 <= row < len(records) + 2:
            return {}
        record = records[row - 2]
        of.setdefault(record["specialty"], []).append(_refused(int(record["year"]), problem))
    return {code: tuple(said) for code, said in of.items()}


def _refused(year: int, problem: Problem) -> Refused:
    columns = str(problem.facts.get("column") or "")
    return Refused(year, problem.code, str(problem.facts.get("check") or ""), tuple(filter(None, columns.split(", "))))


def _without(inputs: Inputs, left_out: Collection[str]) -> Inputs:
    evidence, history = _other_lines(inputs.evidence, left_out), _other_lines(inputs.history, left_out)
    rated = tuple(code for code in inputs.rated if code not in left_out)
    return replace(inputs, evidence=evidence, history=history, rated=rated)


def _other_lines(text: str, left_out: Collection[str]) -> str:
    """The file without those specialties' lines."""
    columns = next(csv.reader(StringIO(text)))
    return as_csv(columns, (row for row in csv.DictReader(StringIO(text)) if row["specialty"] not in left_out))
