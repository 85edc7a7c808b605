"""The frozen inputs of a score run: the very files of `policy score`, so that anybody can compute it again."""

import csv
import hashlib
import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import TYPE_CHECKING

from .policy import Policy

if TYPE_CHECKING:
    from .results import Results

Rows = Sequence[Mapping[str, str]]
"""Lines of one of the two files."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """EVIDENCE.csv and HISTORY.csv as text, who is rated, and the digest of the policy they are scored by."""

    policy: str
    evidence: str
    history: str
    rated: tuple[str, ...]

    def packed(self) -> bytes:
        """As a run keeps them: compressed canonical JSON."""
        return zlib.compress(self._canonical(), 6)

    @classmethod
    def unpacked(cls, kept: bytes) -> "Inputs":
        """What a run kept."""
        said = json.loads(zlib.decompress(kept))
        return cls(said["policy"], said["evidence"], said["history"], tuple(said["rated"]))

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON: the same inputs have the same digest anywhere."""
        return hashlib.sha256(self._canonical()).hexdigest()

    def _canonical(self) -> bytes:
        said = {"policy": self.policy, "evidence": self.evidence, "history": self.history, "rated": list(self.rated)}
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def score(self, policy: Policy) -> "Results":
        """Compute the results. ValueError for another policy than the pinned one; Invalid for evidence it refuses."""
        from .tables import rate_files  # noqa: PLC0415 -- slow import: NumPy

        if policy.digest != self.policy:
            raise ValueError("these inputs are scored by another policy")
        return rate_files(policy, self.evidence.encode(), self.history.encode(), rated=self.rated)

    def with_own(self, specialty: str, evidence: Rows, history: Rows) -> "Inputs":
        """The same inputs with one specialty's own lines replaced, in their place: what a single rescore computes with.

        It is rated. The others keep their figures, their earlier ratings and their places.
        """
        return replace(
            self,
            evidence=_replaced(self.evidence, specialty, evidence),
            history=_replaced(self.history, specialty, history),
            rated=tuple(sorted({*self.rated, specialty})),
        )

    def lines_of(self, specialty: str) -> Rows:
        """One specialty's own lines of the evidence."""
        return [row for row in csv.DictReader(StringIO(self.evidence)) if row["specialty"] == specialty]

    def with_those_of(self, single: "Inputs", codes: Collection[str]) -> "Inputs":
        """The same inputs with the lines that a single rescore replaced; its specialty has one of these codes."""
        specialty = next((code for code in codes if code in single.rated), "")
        if not specialty:
            return self
        evidence, history = (
            [row for row in csv.DictReader(StringIO(text)) if row["specialty"] == specialty]
            for text in (single.evidence, single.history)
        )
        return self.with_own(specialty, evidence, history)

    def earlier(self) -> Iterator[tuple[str, str, str]]:
        """(specialty, year, rating) of each line of the history."""
        for row in csv.DictReader(StringIO(self.history)):
            yield row["specialty"], row["year"], row["rating"]

    def own(self, specialty: str) -> "Inputs":
        """These inputs with one specialty's own lines alone: what a single rescore replaced."""
        evidence, history = (
            as_csv(_columns(text), (row for row in csv.DictReader(StringIO(text)) if row["specialty"] == specialty))
            for text in (self.evidence, self.history)
        )
        return replace(self, evidence=evidence, history=history, rated=(specialty,))


def _columns(text: str) -> list[str]:
    return next(csv.reader(StringIO(text)))


def _replaced(text: str, specialty: str, rows: Rows) -> str:
    columns, kept = _columns(text), list(csv.DictReader(StringIO(text)))
    at = next((i for i, row in enumerate(kept) if row["specialty"] == specialty), len(kept))
    others = [row for row in kept if row["specialty"] != specialty]
    new = [{c: row.get(c, "") for c in columns} for row in rows]
    return as_csv(columns, [*others[:at], *new, *others[at:]])


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Rows as CSV text with line feeds; a column a row does not have is empty."""
    text = StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
