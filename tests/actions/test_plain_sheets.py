"""Many cells at a time and cell by cell are one reading: the same bytes of every sheet that the quick way takes."""

import random
from collections.abc import Sequence
from datetime import date

import pytest

from specialty_eval.actions import sheets, sheets_plain
from specialty_eval.actions.numbers_shown import shown
from specialty_eval.actions.sheets import MOST_ROWS, number_shown
from specialty_eval.actions.workbooks import Workbook
from specialty_eval.engine.csv_records import Findings
from specialty_eval.engine.letters import table_of
from spreadsheets import with_sheet, workbook


def both(content: bytes) -> tuple[bytes | None, bytes]:
    """The quick way's rows (None: not taken) and the slow way's."""
    return sheets_plain.plain_rows(Workbook(content, "x")), sheets.rows_as_csv(content, "x", Findings())


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


def test_many_numbers_are_shown_as_each_is() -> None:
    pick = random.Random(5)
    texts = ["-0.00000000000000", "0", "-0.5", "1e5", "1E-7", "999999999999999.9", "12345678901234567", "0.1"]
    for _ in range(20_000):
        number = pick.random() * 10.0 ** pick.randrange(-6, 15)
        texts.append(pick.choice([f"{number:.17g}", f"{-number:.16G}", f"{round(number, 2)!r}", f"{number:.3f}"]))
    said = table_of([text.encode() for text in texts])
    padded = shown(said, (said != 0).sum(axis=1))
    assert padded is not None
    told = [bytes(row).rstrip(b"\0").decode() for row in padded]
    assert [(t, s) for t, s in zip(texts, told, strict=True) if s != number_shown(t)] == []


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
    "a comment": f'<row r="1"><!-- x -->{CELL}</row>',
    "a number that is none": '<row r="1"><c r="A1"><v>1x</v></c></row>',
    "a text that is not there": '<row r="1"><c r="A1" t="s"><v>99</v></c></row>',
    "a row beyond the last": f'<row r="1">{CELL}</row><row r="{FAR}"><c r="A{FAR}"><v>1</v></c></row>',
    "a column beyond the last": '<row r="1"><c r="ZZ1"><v>1</v></c></row>',
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_whatever_is_odd_is_left_to_the_slow_way(body: str) -> None:
    assert sheets_plain.plain_rows(Workbook(with_sheet(body), "x")) is None
