"""A city's evidence of five years as both kinds of files, its policy and its specialties; every hundredth row is wrong.

`data.py FOLDER` writes rows.xlsx, rows.csv and policy.yaml; the same each time.
"""

import csv
import random
import sys
from pathlib import Path

ROWS, YEARS, TAUGHT = 100_000, range(2019, 2024), 40
KEYS = ("school_code", "catalogue_code", "direction", "year", "source")
SHARES = [f"share_{n:02d}" for n in range(20)]
COUNTS = ["students", "teachers", "graduates", "employed", "rooms"]
FLAGS = ["accredited", "incident", "licensed"]
CHOICES = ["award", "conduct"]
MEASURES = [*SHARES, *COUNTS, *FLAGS, *CHOICES]
POLICY = """\
schema: specialty-eval/policy/1
id: bench
version: "1"
title: {zh: 示例办法}
jurisdiction: "371400"
measures:
"""
REST = """\
checks:
  - {code: employed, when: {measure: employed, above: {measure: graduates}}, message: {zh: 就业人数不能多于毕业生数}}
  - {code: teachers, when: {measure: teachers, above: {measure: students}}, message: {zh: 教师不能多于学生}}
dimensions: [{code: d, label: {zh: 示例}}]
indicators:
  - {code: i, dimension: d, label: {zh: 示例}, value: share_00, points: {linear: [[0, 0], [100, 100]]}, weight: 100,
     missing: zero}
rating: {rules: [{rate: green, code: good, when: {total: {at_least: 80}}}, {rate: red, code: poor}]}
"""


def policy() -> str:
    """The policy of these columns."""
    lines = [f"  {m}: {{label: {{zh: 示例{m}}}, type: decimal, decimals: 2, min: 0, max: 100, supplier: school}}"
             for m in SHARES]  # fmt: skip
    lines += [f"  {m}: {{label: {{zh: 示例{m}}}, type: integer, min: 0, supplier: school}}" for m in COUNTS]
    lines += [f"  {m}: {{label: {{zh: 示例{m}}}, type: boolean, supplier: school}}" for m in FLAGS]
    lines += [f"  {m}: {{label: {{zh: 示例{m}}}, type: choice, options: [none, city, nation], supplier: school}}"
              for m in CHOICES]  # fmt: skip
    return POLICY + "\n".join(lines) + "\n" + REST


def sites():
    """School, catalogue code and direction of every specialty."""
    for n in range(ROWS // len(YEARS)):
        yield str(3637000000 + n // TAUGHT), f"X{n % 300:05d}", f"d{n}"


def rows():
    """The file's rows, heading first."""
    yield [*KEYS, *MEASURES]
    pick = random.Random(3)
    for school, entry, direction in sites():
        for year in YEARS:
            wrong = pick.random() < 0.01
            shares = [round(pick.random() * 100, 2) for _ in SHARES]
            if wrong and year % 2:
                shares[2] = 180.5
            graduates = pick.randrange(1000)
            counts = [1000 + pick.randrange(1000), pick.randrange(100), graduates, graduates * 9 // 10, 9]
            named = "x" if wrong and not year % 2 else school
            flags = [pick.random() < 0.5 for _ in FLAGS]
            choices = [pick.choice(["none", "city", "nation"]) for _ in CHOICES]
            yield [named, entry, direction, year, f"示例年报{year}", *shares, *counts, *flags, *choices]


def write(folder: Path) -> None:
    """Both files and the policy."""
    import xlsxwriter

    (folder / "policy.yaml").write_text(policy(), encoding="utf-8")
    book = xlsxwriter.Workbook(folder / "rows.xlsx")
    sheet = book.add_worksheet("evidence")
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(rows()):
            sheet.write_row(number, 0, row)
            writer.writerow([str(cell).lower() if isinstance(cell, bool) else cell for cell in row])
    book.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
