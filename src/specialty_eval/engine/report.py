"""A report as contents: sections of sentences, tables and charts. How it looks in Word, HTML or XLSX others say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .vocabulary import Rating


class ReportKind(StrEnum):
    """The year of a city, the year of a school, who was late in a quarter or half-year."""

    ANNUAL = "annual"
    SCHOOL = "school"
    SUPERVISION = "supervision"


class Reader(StrEnum):
    """For whose eyes it is: what it leaves out follows from that."""

    PUBLIC = "public"
    SCHOOL = "school"
    OFFICE = "office"


class Format(StrEnum):
    """The files it is kept as."""

    DOCX = "docx"
    HTML = "html"
    XLSX = "xlsx"


class Period(StrEnum):
    """The part of the year that supervision looks at."""

    Q1 = "q1"
    Q2 = "q2"
    Q3 = "q3"
    Q4 = "q4"
    H1 = "h1"
    H2 = "h2"
    YEAR = "year"


MONTHS: Mapping[Period, tuple[int, int]] = {
    Period.Q1: (1, 3), Period.Q2: (4, 6), Period.Q3: (7, 9), Period.Q4: (10, 12), Period.H1: (1, 6),
    Period.H2: (7, 12), Period.YEAR: (1, 12),
}  # fmt: skip
"""First and last month."""
PERIODS: Mapping[Period, str] = {
    Period.Q1: "第一季度", Period.Q2: "第二季度", Period.Q3: "第三季度", Period.Q4: "第四季度", Period.H1: "上半年",
    Period.H2: "下半年", Period.YEAR: "年度",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows of text; `widths` in per cent of the page."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """One run of numbers of a chart, with the colour it is drawn in (RRGGBB)."""

    name: str
    values: tuple[int, ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Counts by category as bars, one series upon the other."""

    title: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]


Part = str | Table | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Who writes what, as of when, section by section, and what it rests on."""

    bureau: str
    title: str
    date: str
    sections: tuple[Section, ...]
    about: tuple[tuple[str, str], ...]

    @property
    def tables(self) -> list[Table]:
        """Every table, in order."""
        return [part for section in self.sections for part in section.parts if isinstance(part, Table)]


COLOURS: Mapping[str, str] = {
    Rating.GREEN.value: "2E7D32", Rating.YELLOW.value: "F9A825", Rating.RED.value: "C62828", "none": "9E9E9E",
}  # fmt: skip
NUMBERED = "一二三四五六七八九十"


def numbered(titled: Iterable[tuple[str, Sequence[Part]]]) -> tuple[Section, ...]:
    """Sections under 一、二、三; one without anything in it is left out."""
    kept = [(title, tuple(parts)) for title, parts in titled if parts]
    return tuple(Section(f"{NUMBERED[place]}、{title}", parts) for place, (title, parts) in enumerate(kept))


def by_rating(title: str, names: Mapping[str, str], found: Iterable[tuple[str, str, int]]) -> list[Part]:
    """A table and a chart of how many of each colour; `found`: (category, colour or anything else, how many)."""
    counts: dict[str, dict[str, int]] = {}
    for key, kind, number in found:
        colour = kind if kind in COLOURS else "none"
        row = counts.setdefault(key, dict.fromkeys(COLOURS, 0))
        row[colour] += number
    if not counts:
        return []
    heads = (title, *(names[c] for c in COLOURS), "合计")
    rows = tuple((key, *(str(row[c]) for c in COLOURS), str(sum(row.values()))) for key, row in counts.items())
    series = tuple(Series(names[c], tuple(row[c] for row in counts.values()), COLOURS[c]) for c in COLOURS)
    return [
        Table(f"按{title}的现行等级", heads, rows),
        Chart(f"按{title}的现行等级（专业点数）", tuple(counts), series),
    ]


SHEET = (("dimension", "维度", 20), ("indicator", "指标", 32), ("value", "指标值", 14), ("unit", "单位", 10),
         ("points", "得分", 12), ("weight", "权重", 12))  # fmt: skip


def sheet_table(title: str, lines: Iterable[Mapping[str, str]]) -> Table:
    """A sheet's lines as a table."""
    rows = tuple(tuple(line[name] for name, _, _ in SHEET) for line in lines)
    return Table(title, tuple(head for _, head, _ in SHEET), rows, tuple(width for _, _, width in SHEET))
