"""Many cells at a time and cell by cell are one reading: the same rows of every sheet that the quick way takes."""

import random
from collections.abc import Sequence
from datetime import date

import pytest

from specialty_eval.actions import sheets, sheets_plain
from specialty_eval.actions.numbers_shown import shown
from specialty_eval.actions.sheets import MOST_ROWS, number_shown
from specialty_eval.actions.workbooks import Workbook
from specialty_eval.engine.csv_records import Findings
from specialty_eval.engine.grid import Grid, read_grid
from specialty_eval.engine.letters import lengths_of, numbers, table_of
from spreadsheets import with_sheet, workbook

Told = list[list[str]]


def told(grid: Grid) -> Told:
    """A grid's heading and rows, each with its number; every column in one and cell by cell."""
    columns = range(len(grid.heading))
    rows = [[str(n), *(grid.cells.text(r, c) for c in columns)] for r, n in enumerate(grid.rows.tolist())]
    for column in columns:
        said, length = grid.cells.said(column)
        texts = [bytes(row[:size]).decode() for row, size in zip(said, length.tolist(), strict=True)]
        assert texts == [row[1 + column] for row in rows]
    return [list(grid.heading), *rows]


def both(content: bytes) -> tuple[Told | None, Told]:
    """The quick way's rows (None: not taken) and the slow way's."""
    quick = sheets_plain.plain_grid(Workbook(content, "x"))
    slow = read_grid(sheets.rows_as_csv(content, "x", Findings()), "x", Findings())
    assert slow is not None
    return None if quick is None else told(quick), told(slow)


def drawn(seed: int) -> Sequence[Sequence[object]]:
    """A sheet as somebody's program writes it: gaps, days, truth values, long and odd numbers, texts with marks."""
    pick = random.Random(seed)
    makers = (
        lambda: None,
        lambda: pick.choice(["", "示例", 'a,"b"', "x\ny", " 空 ", "０１"]),
        lambda: pick.randrange(-(10**9), 10**9),
        lambda: round(pick.uniform(-1000, 1000), pick.randrange(6)),
        lambda: pick.random() * 10.0 ** pick.randrange(-12, 18),
        lambda: pick.random() < 0.5,
        lambda: date(1900 + pick.randrange(1, 150), 1 + pick.randrange(12), 1 + pick.randrange(28)),
    )
    width = pick.randrange(1, 40)
    heading: list[object] = [f"c{n}" for n in range(width)]
    rows: list[list[object]] = [
        [pick.choice(makers)() for _ in range(width)] if pick.random() < 0.8 else [] for _ in range(60)
    ]
    return [heading, *rows]


@pytest.mark.parametrize("seed", range(30))
def test_the_quick_way_writes_what_the_slow_way_writes(seed: int) -> None:
    quick, slow = both(workbook(drawn(seed)))
    assert quick is None or quick == slow


def test_the_quick_way_is_taken_where_a_program_wrote_the_sheet() -> None:
    heading: list[object] = ["a", "b", "c", "d"]
    rows = [heading, *([n, n / 7, n % 2 == 0, date(2020, 1, 1 + n % 28)] for n in range(3_000))]
    quick, slow = both(workbook(rows))
    assert quick == slow


def test_empty_rows_and_cells_of_every_kind_say_nothing() -> None:
    body = (
        '<row r="1" spans="1:3"><c r="A1" t="b"><v>1</v></c><c r="C1" s="1"><v>3</v></c></row>'
        '<row r="3" ht="12"/><row r="4"></row><row r="5"><c r="A5" s="1"/></row>'
        '<row r="7"><c r="A7"/><c r="B7"><v>-0.50</v></c><c r="C7" s="1" t="n"/></row>'
        '<row r="9"><c r="C9"><v>77.900000000000006</v></c></row><row r="12"/>'
    )
    quick, slow = both(with_sheet(body))
    assert quick == slow == [["true", "", "3"], ["7", "", "-0.50", ""], ["9", "", "", "77.9"]]


def test_short_numbers_and_long_ones_are_read_alike() -> None:
    texts = ["-0.5", "0", "-0", "00", ".5", "5.", "1.2.3", "1-2", "", "-", "12345678", "-1234.56", "123456789",
             "0.12345678", "1e5", "１２", "-00.1", "999999999999999999", "1234567890123456789"]  # fmt: skip
    said = table_of([text.encode() for text in texts])
    read = numbers(said, lengths_of(said))
    plain = {t: (int(v), int(p)) for t, v, p, ok in zip(texts, read.value, read.places, read.plain, strict=True) if ok}
    assert plain == {
        "-0.5": (-5, 1), "0": (0, 0), "-0": (0, 0), "12345678": (12345678, 0), "-1234.56": (-123456, 2),
        "123456789": (123456789, 0), "0.12345678": (12345678, 8), "999999999999999999": (999999999999999999, 0),
    }  # fmt: skip


def test_many_numbers_are_shown_as_each_is() -> None:
    pick = random.Random(5)
    texts = ["-0.00000000000000", "0", "-0.5", "1e5", "1E-7", "999999999999999.9", "12345678901234567", "0.1"]
    for _ in range(20_000):
        number = pick.random() * 10.0 ** pick.randrange(-6, 15)
        texts.append(pick.choice([f"{number:.17g}", f"{-number:.16G}", f"{round(number, 2)!r}", f"{number:.3f}"]))
    said = table_of([text.encode() for text in texts])
    padded = shown(said, (said != 0).sum(axis=1))
    assert padded is not None
    shown_ = [bytes(row).rstrip(b"\0").decode() for row in padded]
    assert [(t, s) for t, s in zip(texts, shown_, strict=True) if s != number_shown(t)] == []


FAR = MOST_ROWS + 1
CELL = '<c r="A1"><v>1</v></c>'
ODD = {
    "a formula": '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c></row>',
    "a text in its cell": '<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>',
    "a cell without its place": '<row r="1"><c><v>1</v></c></row>',
    "a row without its number": f"<row>{CELL}</row>",
    "a cell of another row": '<row r="1"><c r="A2"><v>1</v></c></row>',
    "rows out of order": f'<row r="2"/><row r="1">{CELL}</row>',
    "a row wider than the heading": f'<row r="1">{CELL}</row><row r="2"><c r="B2"><v>1</v></c></row>',
    "an attribute more": '<row r="1"><c r="A1" cm="1"><v>1</v></c></row>',
    "something between two cells": f'<row r="1">{CELL} <c r="B1"><v>1</v></c></row>',
    "something in a row's tag": f'<row r="1" x=">">{CELL}</row>',
    "an element in a row": f'<row r="1">{CELL}<x/></row>',
    "a row that does not end": f'<row r="1">{CELL}',
    "a cell that does not end": '<row r="1"><c r="A1"><v>1</v></row>',
    "a tag in a value": '<row r="1"><c r="A1"><v>1<x/></v></c></row>',
    "a comment": f'<row r="1"><!-- x -->{CELL}</row>',
    "a number that is none": '<row r="1"><c r="A1"><v>1x</v></c></row>',
    "a text that is not there": '<row r="1"><c r="A1" t="s"><v>99</v></c></row>',
    "a row beyond the last": f'<row r="1">{CELL}</row><row r="{FAR}"><c r="A{FAR}"><v>1</v></c></row>',
    "a column beyond the last": '<row r="1"><c r="ZZ1"><v>1</v></c></row>',
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_whatever_is_odd_is_left_to_the_slow_way(body: str) -> None:
    assert sheets_plain.plain_grid(Workbook(with_sheet(body), "x")) is None
