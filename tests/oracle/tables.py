"""EVIDENCE.csv and HISTORY.csv, valid ones, as exact values by specialty and year."""

import csv
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .conditions import Value

ONLY_YEAR = 0  # the scored year of evidence without a `year` column


@dataclass
class Batch:
    """What was reported: measures by specialty and year, attributes of the scored year, earlier ratings."""

    specialties: list[str]
    scored: int
    rows: dict[tuple[str, int], dict[str, Value]]
    attributes: dict[str, dict[str, Value]]
    history: dict[str, list[str]]

    def years_of(self, specialty: str) -> list[int]:
        return [year for name, year in self.rows if name == specialty]


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def cell(text: str | None, kind: str) -> Value:
    """The page: "empty = not reported"; "spaces around it ignored" of a number; "booleans `true`/`false`"."""
    if text is None or text == "":
        return None
    if kind in ("integer", "decimal"):
        return Fraction(text.strip(" "))
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    return text


def read_tables(policy: dict[str, Any], evidence: str, history: str | None) -> Batch:
    table = lines(evidence)
    years = [int(line["year"].strip(" ")) if "year" in line else ONLY_YEAR for line in table]
    scored = max(years)  # "the scored year is the latest in the file, the same for all"
    batch = Batch(list(dict.fromkeys(line["specialty"] for line in table)), scored, {}, {}, {})
    for line, year in zip(table, years, strict=True):
        name = line["specialty"]
        batch.rows[name, year] = {code: cell(line.get(code), m["type"]) for code, m in policy["measures"].items()}
        if year == scored:  # "attributes are those of the scored year (other years' cells are ignored)"
            declared = policy.get("attributes") or {}
            batch.attributes[name] = {code: cell(line.get(code), a["type"]) for code, a in declared.items()}
            batch.attributes[name]["defaulted"] = line.get("defaulted") or "false"
    if history is not None:
        ratings = sorted(lines(history), key=lambda line: int(line["year"]), reverse=True)
        for name in batch.specialties:
            batch.history[name] = [line["rating"] for line in ratings if line["specialty"] == name]
    return batch
