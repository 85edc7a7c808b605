"""Random mistakes in valid evidence or history: several at once in different rows, each with its row and column."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from .tree import Tree

BAD_NUMBERS = ["1e3", "１２", "NaN", "1,000", "+5", ".5", "5.", "0x1F", "--1", "1_0", "Infinity", "½", "1 2", "٣", "五"]


@dataclass(frozen=True)
class Mistake:
    """What the problem's facts must say. Rows are counted as a spreadsheet does: the heading is row 1."""

    file: str
    row: int | None
    column: str | None
    value: str | None


class Inapplicable(Exception):  # noqa: N818 -- no error: this case merely has no place for that mistake
    """This case has no untouched place where the mistake can be made."""


@dataclass
class Sheet:
    """One file as rows of cells; `used` rows already have a mistake."""

    file: str
    rng: Random
    policy: Tree
    lines: list[list[str]]
    used: set[int]

    def column(self, name: str) -> int:
        if name not in self.lines[0]:
            raise Inapplicable
        return self.lines[0].index(name)

    def free_row(self, fits: Callable[[list[str]], bool] = lambda _: True) -> int:
        free = [i for i, line in enumerate(self.lines) if i and i not in self.used and fits(line)]
        if not free:
            raise Inapplicable
        row = self.rng.choice(free)
        self.used.add(row)
        return row

    def put(self, row: int, column: str, value: str) -> Mistake:
        self.lines[row][self.column(column)] = value
        return Mistake(self.file, row + 1, column, value)

    def measure(self, fits: Callable[[dict[str, Any]], bool]) -> tuple[str, dict[str, Any]]:
        every: dict[str, dict[str, Any]] = self.policy["measures"]
        found = [(code, one) for code, one in every.items() if code in self.lines[0] and fits(one)]
        if not found:
            raise Inapplicable
        return self.rng.choice(found)

    def scored(self) -> str | None:
        return max(line[1] for line in self.lines[1:]) if "year" in self.lines[0] else None

    def is_scored(self, line: list[str]) -> bool:
        return "year" not in self.lines[0] or line[1] == self.scored()


def bad_number(sheet: Sheet) -> Mistake:
    code, _ = sheet.measure(lambda one: one["type"] in ("integer", "decimal"))
    return sheet.put(sheet.free_row(), code, sheet.rng.choice(BAD_NUMBERS))


def integer_with_point(sheet: Sheet) -> Mistake:
    code, _ = sheet.measure(lambda one: one["type"] == "integer")
    return sheet.put(sheet.free_row(), code, sheet.rng.choice(["3.0", "3.5", "3."]))


def too_many_places(sheet: Sheet) -> Mistake:
    code, measure = sheet.measure(lambda one: one["type"] == "decimal")
    low = measure.get("min", Decimal(0)) if measure.get("min", Decimal(0)) >= 0 else Decimal(0)
    return sheet.put(sheet.free_row(), code, f"{int(low)}.{'0' * int(measure['decimals'])}1")


def out_of_bounds(sheet: Sheet) -> Mistake:
    code, measure = sheet.measure(lambda one: "min" in one or "max" in one)
    step = Decimal(1).scaleb(-int(measure.get("decimals", 0)))
    beyond = measure["max"] + step if "max" in measure else measure["min"] - step
    return sheet.put(sheet.free_row(), code, format(beyond, "f"))


def unknown_option(sheet: Sheet) -> Mistake:
    code, _ = sheet.measure(lambda one: one["type"] == "choice")
    return sheet.put(sheet.free_row(), code, sheet.rng.choice(["galaxy", "None", "true"]))


def bad_boolean(sheet: Sheet) -> Mistake:
    code, _ = sheet.measure(lambda one: one["type"] == "boolean")
    return sheet.put(sheet.free_row(), code, sheet.rng.choice(["yes", "no", "True", "FALSE", "1", "0", "是"]))


def bad_attribute(sheet: Sheet) -> Mistake:
    """Of the scored year: other years' cells are ignored."""
    attributes = sheet.policy["attributes"]
    codes = [code for code in sheet.lines[0] if attributes.get(code, {}).get("type") in ("integer", "decimal")]
    if not codes:
        raise Inapplicable
    return sheet.put(sheet.free_row(sheet.is_scored), sheet.rng.choice(codes), sheet.rng.choice(BAD_NUMBERS))


def bad_defaulted(sheet: Sheet) -> Mistake:
    sheet.column("defaulted")
    return sheet.put(sheet.free_row(sheet.is_scored), "defaulted", sheet.rng.choice(["maybe", "TRUE", "yes", "1"]))


def bad_year(sheet: Sheet) -> Mistake:
    sheet.column("year")
    return sheet.put(sheet.free_row(), "year", sheet.rng.choice(["", "2025.0", "2e3", "今年", "２０２５"]))


def no_specialty(sheet: Sheet) -> Mistake:
    return sheet.put(sheet.free_row(), "specialty", "")


def twice(sheet: Sheet) -> Mistake:
    row = sheet.free_row()
    sheet.lines.append(list(sheet.lines[row]))
    sheet.used.add(len(sheet.lines) - 1)
    return Mistake(sheet.file, len(sheet.lines), None, None)


def ragged(sheet: Sheet) -> Mistake:
    row = sheet.free_row()
    sheet.lines[row] = [*sheet.lines[row], "more"] if sheet.rng.random() < 0.5 else sheet.lines[row][:-1]
    return Mistake(sheet.file, row + 1, None, None)


def unknown_column(sheet: Sheet) -> Mistake:
    for i, line in enumerate(sheet.lines):
        line.insert(2, "" if i else "colour")
    return Mistake(sheet.file, None, "colour", None)


def not_scored(sheet: Sheet) -> Mistake:
    """Takes a specialty's row of the scored year away; its others must be there, and another's scored one."""
    scored, names = sheet.scored(), [line[0] for line in sheet.lines]
    mine = [i for i, line in enumerate(sheet.lines) if i and line[1] == scored and names.count(line[0]) > 1]
    mine = [i for i in mine if not any(names[j] == names[i] for j in sheet.used)]
    others = [line for line in sheet.lines[1:] if line[1] == scored]
    if scored is None or not mine or len(others) < 2 + len(sheet.used):
        raise Inapplicable
    row = sheet.rng.choice(mine)
    sheet.used.update(i for i, name in enumerate(names) if name == names[row])
    sheet.lines[row] = list(next(line for line in sheet.lines[1:] if line[0] == names[row] and line[1] != scored))
    sheet.lines[row][1] = "1990"
    return Mistake(sheet.file, None, None, names[row])


def bad_rating(sheet: Sheet) -> Mistake:
    return sheet.put(sheet.free_row(known_to(sheet)), "rating", sheet.rng.choice(["blue", "", "Green", "绿牌"]))


def known_to(sheet: Sheet) -> Callable[[list[str]], bool]:
    return lambda line: line[0] != "示例外校"  # "a specialty that is not in the evidence is ignored"


def history_not_earlier(sheet: Sheet) -> Mistake:
    scored = sheet.policy.get("scored-year")
    if scored is None:
        raise Inapplicable
    return sheet.put(sheet.free_row(known_to(sheet)), "year", str(int(scored) + sheet.rng.choice([0, 1])))


def history_twice(sheet: Sheet) -> Mistake:
    row = sheet.free_row(known_to(sheet))
    sheet.lines.append(list(sheet.lines[row]))
    sheet.used.add(len(sheet.lines) - 1)
    return Mistake(sheet.file, len(sheet.lines), None, None)


Makes = Callable[[Sheet], Mistake]
IN_EVIDENCE: list[Makes] = [
    bad_number, bad_number, integer_with_point, too_many_places, out_of_bounds, unknown_option, bad_boolean,
    bad_attribute, bad_defaulted, bad_year, no_specialty, twice, not_scored,
]  # fmt: skip
IN_HISTORY: list[Makes] = [bad_rating, history_not_earlier, history_twice]


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def as_bytes(lines: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue().encode()


def spoil_files(
    rng: Random, policy: Tree, evidence: str, history: str | None, count: int
) -> tuple[bytes, bytes | None, list[Mistake]]:
    """Both files with up to `count` mistakes each."""
    sheet = Sheet("evidence", rng, policy, cells(evidence), set())
    scored = sheet.scored()
    made = attempted(rng, IN_EVIDENCE, sheet, count)
    if rng.random() < 0.2:  # last, as it moves columns
        made.append(unknown_column(sheet))
    if history is None:
        return as_bytes(sheet.lines), None, made
    if any(one.column in ("specialty", "year") for one in made):  # whose history counts, and until when, is not known
        return as_bytes(sheet.lines), history.encode(), made
    past = Sheet("history", rng, {**policy, "scored-year": scored}, cells(history), set())
    made += attempted(rng, IN_HISTORY, past, count)
    return as_bytes(sheet.lines), as_bytes(past.lines), made


def attempted(rng: Random, kinds: list[Makes], sheet: Sheet, count: int) -> list[Mistake]:
    made = []
    for make in rng.sample(kinds, min(count, len(kinds))):
        try:
            made.append(make(sheet))
        except Inapplicable:
            continue
    return made
