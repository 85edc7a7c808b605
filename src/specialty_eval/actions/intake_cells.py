"""The kinds of cells that a loaded file may have: text → value, or the one reason why not. Strict for good."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from specialty_eval.engine import decimals
from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.engine.evidence import Value

Read = Callable[[str], Value]

ERRORS = frozenset({"#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
"""What a spreadsheet writes where it could not compute."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: its name, how a cell is read, whether the column must be there and its cells be filled."""

    name: str
    read: Read
    required: bool = True
    """The column must be in the heading."""
    filled: bool = True
    """No cell may be empty."""

    def value(self, text: str) -> Value:
        """A cell's value; None for an empty one."""
        if text == "":
            if self.filled:
                raise Invalid(Problem("cell-empty", "", {"expected": "text"}))
            return None
        return self.read(text)


def optional(name: str, read: Read) -> Column:
    """A column that may be left out, as may any of its cells."""
    return Column(name, read, required=False, filled=False)


def _wrong(code: str, expected: object) -> Invalid:
    return Invalid(Problem(code, "", {"expected": expected}))


def text(at_most: int) -> Read:
    """Words for people, as they are written: no spaces around, no control characters, no formula, no error."""

    def read(written: str) -> Value:
        if written != written.strip():
            raise _wrong("text-has-spaces-around", written.strip())
        if not written.isprintable():
            raise _wrong("text-has-control-character", "text")
        if written[0] in "=@" or written in ERRORS:
            raise _wrong("text-like-a-formula", "text")
        if len(written) > at_most:
            raise _wrong("text-too-long", at_most)
        return written

    return read


def shaped(pattern: str, example: str) -> Read:
    """A code of one shape; `example` shows it."""
    shape = re.compile(pattern)

    def read(written: str) -> Value:
        if shape.fullmatch(written) is None:
            raise _wrong("not-this-shape", example)
        return written

    return read


def one_of(values: Collection[str]) -> Read:
    """One of a few words."""
    known = tuple(values)

    def read(written: str) -> Value:
        if written not in known:
            raise _wrong("not-one-of", known)
        return written

    return read


def yes_or_no(yes: str, no: str) -> Read:
    """One word for yes, one for no."""

    def read(written: str) -> Value:
        if written not in (yes, no):
            raise _wrong("not-one-of", (yes, no))
        return written == yes

    return read


def whole(low: int, high: int) -> Read:
    """A whole number in ASCII digits."""

    def read(written: str) -> Value:
        number = decimals.parse(written.strip(" "))
        expected = f"integer {low}..{high}"
        if number is None:
            raise _wrong("not-a-number", expected)
        if number != int(number) or "." in written:
            raise _wrong("not-an-integer", expected)
        if not low <= number <= high:
            raise _wrong("out-of-range", expected)
        return Decimal(int(number))

    return read


def day(written: str) -> Value:
    """A day that exists, as YYYY-MM-DD."""
    try:
        found = date.fromisoformat(written) if _DAY.fullmatch(written) else None
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise _wrong("not-a-date", "2026-03-31")
    return written


year = whole(_YEARS.start, _YEARS.stop - 1)
"""A calendar year; of an academic year the one it begins in."""
