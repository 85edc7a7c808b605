"""Everything a round's public ratings follow from, as files anybody can open; reading and writing them.

The files are those of `policy score`; what is withheld is listed. Checking a bundle is `recompute`'s work. The shape
is `specialty-eval/bundle/2`, described in docs/recompute.md.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from io import StringIO
from typing import Any

from .commitments import Opening
from .errors import Invalid, Problem
from .frozen import Inputs, as_csv
from .withholding import Band, Why, Withheld

SCHEMA = "specialty-eval/bundle/2"
MANIFEST, POLICY, RUNS, RATINGS_FILE, WITHHELD = (
    "manifest.json",
    "policy.yaml",
    "runs.csv",
    "ratings.csv",
    "withheld.csv",
)
BANDS, LISTS = "bands.csv", "lists.csv"


@dataclass(frozen=True, slots=True)
class Run:
    """A score run: of the whole round, or (`within` another) of one review, whose own lines alone are then given.

    `opened` lets who sees the evidence with its gaps find the digest. An older run's digest has no salt: it has no
    `opened`, and its digest is empty where figures could be tried against it.
    """

    number: int
    kind: str
    within: int | None
    inputs_digest: str
    made_at: str
    evidence: str
    history: str
    rated: tuple[str, ...]
    opened: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A list that is or was in publicity: what its notice prints, and its lines as its digest has them."""

    number: int
    edition: int
    state: str
    digest: str
    opened_at: str
    closes_at: str
    seal_head: str
    lines: tuple[Sequence[Any], ...]


@dataclass(frozen=True, slots=True)
class PublicRating:
    """A publicised or confirmed rating: what was computed in which run, what was decided, what is in force.

    Scores are text with two places, `hidden` where they would give a withheld figure away, empty where there are
    none; `in_force` is empty until it is confirmed.
    """

    review: int
    specialty: str
    run: int
    total: str
    dimensions: Mapping[str, str]
    computed: str
    reasons: tuple[str, ...]
    decided: str
    decision_reason: str
    state: str
    document_number: str
    in_force: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A round's policy text, runs, public ratings and lists, and what is withheld of the figures.

    `renamed` has, of a specialty that a list names by another code than its run, the run's.
    """

    round: Mapping[str, Any]
    policy: str
    runs: tuple[Run, ...]
    ratings: tuple[PublicRating, ...]
    withheld: tuple[Withheld, ...]
    bands: tuple[Band, ...] = ()
    lists: tuple[PublishedList, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)

    def inputs_of(self, number: int) -> Inputs:
        """A run's inputs; a single run replaces one specialty's own lines in those of its round's run.

        KeyError for a number that is not there.
        """
        run = self._run(number)
        if run.within is None:
            return self._inputs(run)
        evidence, history = (list(csv.DictReader(StringIO(text))) for text in (run.evidence, run.history))
        return self._inputs(self._run(run.within)).with_own(run.rated[0], evidence, history)

    def own_inputs(self, number: int) -> Inputs:
        """The lines that are given of a run: of a single run its specialty's alone."""
        return self._inputs(self._run(number))

    def _run(self, number: int) -> Run:
        return {run.number: run for run in self.runs}[number]

    def _inputs(self, run: Run) -> Inputs:
        return Inputs(str(self.round["policy_digest"]), run.evidence, run.history, run.rated)


# --- writing ---------------------------------------------------------------------------------------------------------


def files_of(bundle: Bundle) -> dict[str, bytes]:
    """The bundle as files by name; the manifest names the SHA-256 of each of the others."""
    found = {POLICY: bundle.policy, RUNS: _runs_csv(bundle.runs), RATINGS_FILE: _ratings_csv(bundle.ratings),
             WITHHELD: as_csv(_names(Withheld), map(_cells, bundle.withheld)),
             LISTS: _lists_csv(bundle.lists)}  # fmt: skip
    if bundle.bands:
        rows = [{**asdict(band), "run": str(band.run)} for band in bundle.bands]
        found[BANDS] = as_csv(_names(Band), rows)
    for run in bundle.runs:
        found[f"runs/{run.number}/evidence.csv"] = run.evidence
        found[f"runs/{run.number}/rated.csv"] = as_csv(["specialty"], [{"specialty": code} for code in run.rated])
        found[f"runs/{run.number}/history.csv"] = run.history
        found[f"runs/{run.number}/{OPENED}"] = as_csv(_names(Opening), map(asdict, run.opened))
    for one in bundle.lists:
        found[f"lists/{one.number}.csv"] = as_csv(LINE, map(_line_cells, one.lines))
    content = {name: text.encode() for name, text in found.items()}
    said = {"schema": SCHEMA, "round": dict(bundle.round), "renamed": dict(bundle.renamed),
            "files": {name: _sha(b) for name, b in content.items()}}  # fmt: skip
    manifest = json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return {MANIFEST: manifest.encode(), **content}


def _names(kind: type) -> list[str]:
    return [f.name for f in fields(kind)]


OPENED = "commitments.csv"
_LIST = ["number", "edition", "state", "digest", "opened_at", "closes_at", "seal_head"]
LINE = ["review", "specialty", "rating", "reasons", "decision", "computed", "decision_reason", "inputs_digest"]
"""What a list's line tells, in the order in which the list's digest has it; older ones end with the decision."""


def _line_cells(line: Sequence[Any]) -> dict[str, str]:
    texts = [";".join(told) if isinstance(told, list | tuple) else str(told) for told in line]
    return dict(zip(LINE, texts, strict=False))


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _cells(cell: Withheld) -> dict[str, str]:
    return {"specialty": cell.specialty, "year": cell.year, "measure": cell.measure, "why": cell.why.value}


def _runs_csv(runs: Sequence[Run]) -> str:
    columns = ["run", "kind", "within", "inputs_digest", "made_at"]
    return as_csv(columns, (
        {"run": str(r.number), "kind": r.kind, "within": "" if r.within is None else str(r.within),
         "inputs_digest": r.inputs_digest, "made_at": r.made_at} for r in runs))  # fmt: skip


def _lists_csv(lists: Sequence[PublishedList]) -> str:
    return as_csv(_LIST, ({name: str(getattr(one, name)) for name in _LIST} for one in lists))


_TEXTS = ("specialty", "total", "computed", "decided", "decision_reason", "state", "document_number", "in_force")


def _ratings_csv(ratings: Sequence[PublicRating]) -> str:
    dimensions = [f"dimension:{code}" for code in (ratings[0].dimensions if ratings else ())]
    columns = ["review", "specialty", "run", "total", *dimensions, "computed", "reasons", "decided", "decision_reason",
               "state", "document_number", "in_force"]  # fmt: skip
    return as_csv(columns, (
        {"review": str(r.review), "run": str(r.run), "reasons": ";".join(r.reasons),
         **{f"dimension:{code}": score for code, score in r.dimensions.items()},
         **{name: str(getattr(r, name)) for name in _TEXTS}} for r in ratings))  # fmt: skip


# --- reading ---------------------------------------------------------------------------------------------------------


def read_bundle(files: Mapping[str, bytes]) -> Bundle:
    """The bundle in these files. Invalid with every file that is missing, changed, added or unreadable."""
    said = _manifest(files)
    listed: Mapping[str, str] = said["files"]
    problems = [Problem("bundle-file-missing", name) for name in listed if name not in files]
    problems += [Problem("bundle-file-unlisted", name) for name in files if name not in listed and name != MANIFEST]
    problems += [
        Problem("bundle-file-changed", name, {"expected": digest, "value": _sha(files[name])})
        for name, digest in listed.items()
        if name in files and _sha(files[name]) != digest
    ]
    if problems:
        raise Invalid(*problems)
    try:
        return _parsed(said, {name: content.decode() for name, content in files.items()})
    except (KeyError, ValueError, UnicodeDecodeError, TypeError, StopIteration) as error:
        raise Invalid(Problem("bundle-unreadable", "", {"detail": f"{type(error).__name__}: {error}"[:200]})) from error


def _manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    if MANIFEST not in files:
        raise Invalid(Problem("bundle-file-missing", MANIFEST))
    try:
        said = json.loads(files[MANIFEST])
    except (ValueError, RecursionError) as error:
        raise Invalid(Problem("bundle-unreadable", MANIFEST, {"detail": str(error)[:200]})) from error
    is_ours = isinstance(said, dict) and said.get("schema") == SCHEMA
    shape = is_ours and all(isinstance(said.get(part), dict) for part in ("files", "round", "renamed"))
    if not shape or not all(isinstance(digest, str) for digest in said["files"].values()):
        raise Invalid(Problem("bundle-unreadable", MANIFEST, {"detail": f"schema {SCHEMA}"}))
    return dict(said)


def _parsed(said: Mapping[str, Any], texts: Mapping[str, str]) -> Bundle:
    runs = []
    for row in _rows(texts[RUNS]):
        number, within = int(row["run"]), int(row["within"]) if row["within"] else None
        folder = f"runs/{number}"
        runs.append(
            Run(number, row["kind"], within, row["inputs_digest"], row["made_at"], texts[f"{folder}/evidence.csv"],
                texts[f"{folder}/history.csv"], tuple(r["specialty"] for r in _rows(texts[f"{folder}/rated.csv"])),
                tuple(Opening(**r) for r in _rows(texts[f"{folder}/{OPENED}"])))
        )  # fmt: skip
    ratings = [
        PublicRating(
            review=int(row["review"]), run=int(row["run"]),
            dimensions={name.partition(":")[2]: score for name, score in row.items() if name.startswith("dimension:")},
            reasons=tuple(filter(None, row["reasons"].split(";"))), **{name: row[name] for name in _TEXTS},
        )
        for row in _rows(texts[RATINGS_FILE])
    ]  # fmt: skip
    withheld = [Withheld(r["specialty"], r["year"], r["measure"], Why(r["why"])) for r in _rows(texts[WITHHELD])]
    told = _rows(texts[BANDS]) if BANDS in texts else ()  # not in a bundle without any
    bands = tuple(Band(int(r["run"]), r["specialty"], r["indicator"], r["points"]) for r in told)
    lists = [
        PublishedList(int(row.pop("number")), int(row.pop("edition")), **row,
                      lines=tuple(map(_line, _rows(texts[f"lists/{number}.csv"]))))
        for row in _rows(texts[LISTS]) if (number := int(row["number"]))
    ]  # fmt: skip
    return Bundle(dict(said["round"]), texts[POLICY], tuple(runs), tuple(ratings), tuple(withheld), bands,
                  tuple(lists), {str(was): str(now) for was, now in said["renamed"].items()})  # fmt: skip


def _line(row: Mapping[str, str]) -> list[Any]:
    reasons = list(filter(None, row["reasons"].split(";")))
    line = [int(row["review"]), row["specialty"], row["rating"], reasons, int(row["decision"])]
    return [*line, *(row[name] for name in LINE[len(line) :])] if row["computed"] else line


def _rows(text: str) -> Iterator[dict[str, str]]:
    reader: Iterable[dict[str, Any]] = csv.DictReader(StringIO(text), strict=True)
    for row in reader:
        if None in row or None in row.values():
            raise ValueError("a row has another length than the heading")
        yield row
