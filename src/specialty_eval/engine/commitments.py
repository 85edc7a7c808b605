"""A run's digest: it commits to every cell of the run's evidence, and lets nobody try out a figure that is not shown.

Each cell is hashed with a salt of its own, all of them made from the run's secret; the digest is over these hashes.
Whoever is shown some of the cells gets their salts and the hashes of the others, and finds the same digest. Without
the salt a hash tells nothing of its figure, however few values that may have. Described in docs/recompute.md.
"""

import csv
import hashlib
import hmac
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from .frozen import Inputs, as_csv

SECRET_BYTES = 32
Cell = tuple[str, str, str]
"""(specialty, year, column) of the evidence."""
_NAMES = frozenset({"specialty", "year"})
"""These columns tell whose line it is; everything else is a cell."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What anybody is told of a column or a cell: its salt where it is shown, else the hash of what is hidden.

    `specialty` and `year` are empty where the salt is that of a column shown as a whole.
    """

    specialty: str
    year: str
    column: str
    salt: str
    commitment: str


def digest_of(inputs: Inputs, secret: bytes) -> str:
    """The digest (hex) of inputs under a run's secret."""
    columns, rows = _table(inputs.evidence)
    keys = {column: _column_salt(secret, column) for column in columns}
    return _digest(inputs, columns, rows, (
        _commitment(_cell_salt(keys[column], row), row[column]) for row in rows for column in columns
    ))  # fmt: skip


def digest_within(whole: str, own: str) -> str:
    """The digest of a single run: that of the round's run it is within, and that of its specialty's own lines."""
    return _sha_of({"within": whole, "own": own})


def openings(inputs: Inputs, secret: bytes, hidden: Collection[Cell]) -> tuple[Opening, ...]:
    """What lets anybody who sees all cells but the hidden ones find the digest of these inputs."""
    columns, rows = _table(inputs.evidence)
    closed = frozenset(hidden)
    with_gaps = {column for _, _, column in closed}
    found = []
    for column in columns:
        key = _column_salt(secret, column)
        if column not in with_gaps:
            found.append(Opening("", "", column, key.hex(), ""))
            continue
        for row in rows:
            specialty, year = _name(row)
            salt = _cell_salt(key, row)
            is_hidden = (specialty, year, column) in closed
            told = ("", _commitment(salt, row[column]).hex()) if is_hidden else (salt.hex(), "")
            found.append(Opening(specialty, year, column, *told))
    return tuple(found)


def digest_from(shown: Inputs, opened: Iterable[Opening]) -> str:
    """The digest of inputs with gaps; ValueError or KeyError where what is told does not open what is shown."""
    columns, rows = _table(shown.evidence)
    if as_csv(next(csv.reader(StringIO(shown.evidence)), []), rows) != shown.evidence:
        raise ValueError("another way to write these lines")  # another reader could read other figures in it
    keys: dict[str, bytes] = {}
    cells: dict[Cell, Opening] = {}
    for told in opened:
        if not told.specialty:
            keys[told.column] = bytes.fromhex(told.salt)
        else:
            cells[told.specialty, told.year, told.column] = told

    def commitment(row: Mapping[str, str], column: str) -> bytes:
        cell = (*_name(row), column)
        told = cells.get(cell)
        if told is None:
            return _commitment(_cell_salt(keys[column], row), row[column])
        if not told.commitment:
            return _commitment(bytes.fromhex(told.salt), row[column])
        if row[column]:
            raise ValueError(f"shown though withheld: {' '.join(cell)}")
        return bytes.fromhex(told.commitment)

    return _digest(shown, columns, rows, (commitment(row, column) for row in rows for column in columns))


def _table(evidence: str) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.DictReader(StringIO(evidence))
    rows = list(reader)
    return [column for column in reader.fieldnames or () if column not in _NAMES], rows


def _name(row: Mapping[str, str]) -> tuple[str, str]:
    return row["specialty"], row.get("year", "")


def _column_salt(secret: bytes, column: str) -> bytes:
    return hmac.digest(secret, column.encode(), "sha256")


def _cell_salt(column_salt: bytes, row: Mapping[str, str]) -> bytes:
    return hmac.digest(column_salt, "\n".join(_name(row)).encode(), "sha256")


def _commitment(salt: bytes, value: str) -> bytes:
    return hashlib.sha256(salt + value.encode()).digest()


def _digest(inputs: Inputs, columns: Sequence[str], rows: Sequence[Mapping[str, str]], cells: Iterable[bytes]) -> str:
    """Over what everybody sees (policy, columns, whose lines, history, who is rated) and the cells' hashes in order."""
    return _sha_of({
        "policy": inputs.policy, "columns": list(columns), "lines": [_name(row) for row in rows],
        "cells": hashlib.sha256(b"".join(cells)).hexdigest(), "history": inputs.history, "rated": list(inputs.rated),
    })  # fmt: skip


def _sha_of(said: Mapping[str, object]) -> str:
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
