"""The shipped policies against worked cases that name the clause they prove: by the engine, and by the second reading.

How a case is written is in README.md beside this file. Expected values were worked out by hand, not taken from a run.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from oracle.reference import score
from oracle.tree import read_policy
from specialty_eval.engine import load_policy, score_files
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.policy import Policy
from specialty_eval.policies import names, text

HERE = Path(__file__).parent
Row = dict[str, str]


@dataclass(frozen=True)
class Case:
    """One case of a folder: its files, read, and what must come out."""

    policy: str
    title: str
    evidence: str
    history: str | None
    expect: str | list[dict[str, Any]]
    refused: list[str]


def as_csv(rows: list[Row]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def by_year(row: dict[str, Any], usual: Row) -> Iterator[Row]:
    """A row for each year it names; cells it leaves out are the usual ones."""
    years = row.get("year", [])
    for year in [years] if isinstance(years, str) else years or [None]:
        cells = {code: cell for code, cell in row.items() if code != "year"}
        yield {"specialty": row["specialty"], **({"year": year} if year else {}), **usual, **cells}


def read(folder: Path) -> Iterator[Case]:
    # All scalars as the text they were written in: 80.00 must not become 80.0.
    book = YAML(typ="base", pure=True).load((folder / "cases.yaml").read_text(encoding="utf-8"))
    usual = book.get("usual", {})

    def file_or_rows(entry: dict[str, Any], file: str, rows: str) -> str | None:
        if file in entry:
            return (folder / str(entry[file])).read_text(encoding="utf-8")
        if rows not in entry:
            return None
        base = usual if rows == "rows" else {}
        return as_csv([filled for row in entry[rows] for filled in by_year(row, base)])

    for entry in book["cases"]:
        expect = entry.get("expect", [])
        if isinstance(expect, str):
            expect = (folder / expect).read_text(encoding="utf-8")
        evidence = file_or_rows(entry, "evidence", "rows")
        assert evidence is not None, f"{folder.name}: {entry['case']}: neither evidence nor rows"
        assert entry.get("clause"), f"{folder.name}: {entry['case']}: no clause"
        history = file_or_rows(entry, "history", "earlier")
        yield Case(book["policy"], entry["case"], evidence, history, expect, entry.get("refused", []))


CASES = [case for folder in sorted(HERE.glob("*/cases.yaml")) for case in read(folder.parent)]
RESULTS = [case for case in CASES if not case.refused]
REFUSALS = [case for case in CASES if case.refused]


@cache
def loaded(name: str) -> Policy:
    return load_policy(text(name))


@cache
def tree_of(name: str) -> dict[str, Any]:
    return read_policy(text(name))


def titled(case: Case) -> str:
    return f"{case.policy}: {case.title}"


def stated(row: Row, expected: dict[str, Any]) -> dict[str, Any]:
    """Of a result row, what the case says something about."""
    found: dict[str, Any] = {**row, "reasons": row["reasons"].split(";")}
    found["dimensions"] = {code: row[f"dimension:{code}"] for code in expected.get("dimensions", {})}
    return {key: found[key] for key in expected}


def agree(results: str, case: Case) -> None:
    if isinstance(case.expect, str):
        assert results == case.expect
        return
    rows = list(csv.DictReader(io.StringIO(results)))
    assert [row["specialty"] for row in rows] == [expected["specialty"] for expected in case.expect]
    assert [stated(row, e) for row, e in zip(rows, case.expect, strict=True)] == case.expect
    assert [e["specialty"] for e in case.expect if not {"rating", "reasons"} <= e.keys()] == []


@pytest.mark.parametrize("case", RESULTS, ids=titled)
def test_the_engine_gives_what_the_clause_says(case: Case) -> None:
    history = None if case.history is None else case.history.encode()
    agree(score_files(loaded(case.policy), case.evidence.encode(), history), case)


@pytest.mark.parametrize("case", RESULTS, ids=titled)
def test_the_second_reading_gives_what_the_clause_says(case: Case) -> None:
    agree(score(tree_of(case.policy), case.evidence, case.history), case)


@pytest.mark.parametrize("case", REFUSALS, ids=titled)
def test_evidence_that_cannot_be_is_refused_with_every_check_named(case: Case) -> None:
    with pytest.raises(Invalid) as refusal:
        score_files(loaded(case.policy), case.evidence.encode(), None)
    assert [problem.facts.get("check") for problem in refusal.value.problems] == case.refused


def test_every_shipped_policy_has_cases() -> None:
    assert sorted({case.policy for case in CASES}) == names()


def reasons_of(policy: dict[str, Any]) -> list[str]:
    steps = [step for section in policy["rating"].values() if isinstance(section, list) for step in section]
    return [step["code"] for step in [*policy.get("adjustments", []), *steps]]


@pytest.mark.parametrize("name", names())
def test_every_reason_of_a_policy_is_proved_by_a_case(name: str) -> None:
    said = " ".join(str(case.expect) for case in CASES if case.policy == name)
    proved = set(re.findall(r"[A-Za-z0-9-]+", said))
    assert [code for code in reasons_of(tree_of(name)) if code not in proved] == []


@pytest.mark.parametrize("name", names())
def test_every_indicator_and_rule_says_where_it_comes_from(name: str) -> None:
    tree = tree_of(name)
    steps = [step for section in tree["rating"].values() if isinstance(section, list) for step in section]
    # The rule that is left when none holds says nothing of its own.
    owing = [step for step in [*tree["indicators"], *steps] if step.get("when") or "value" in step]
    assert [step["code"] for step in owing if not step.get("source")] == []


@pytest.mark.parametrize("name", names())
def test_every_text_is_in_chinese_and_english(name: str) -> None:
    tree = tree_of(name)
    assert [where for where, label in labels(tree) if set(label) != {"zh", "en"}] == []


def labels(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every label of the document, with its path."""
    if isinstance(node, list):
        for i, item in enumerate(node):
            yield from labels(item, f"{where}[{i}]")
    elif isinstance(node, dict) and "zh" in node:
        yield where, node
    elif isinstance(node, dict):
        for key, item in node.items():
            yield from labels(item, f"{where}.{key}")


def test_dezhou_says_that_it_is_a_proposal() -> None:
    title = tree_of("dezhou")["title"]
    assert ("建议稿" in title["zh"], "proposal" in title["en"]) == (True, True)
