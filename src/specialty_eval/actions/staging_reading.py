"""An uploaded file of evidence → its grid, each heading understood as a column; the template it was made from.

People type into these files: what they mean is understood where there is one reading, and noted (`engine/typed`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from specialty_eval.engine import typed
from specialty_eval.engine.csv_records import Findings
from specialty_eval.engine.errors import TooLarge
from specialty_eval.engine.grid import Grid, read_grid
from specialty_eval.engine.policy import Measure, Policy
from specialty_eval.engine.policy_shape import nearest

from . import charsets
from .intake_tables import FIGURES
from .sheets import MOST_ROWS, readable, sheet_as_csv
from .staging_files import FILE
from .workbooks import Workbook, about

MOST_LINES = 1_100_000
"""A spreadsheet has no more rows, the empty ones counted."""
MOST_REMARKS = 50_000
"""So many problems of a file are kept one by one; all are counted."""
KEYS: Mapping[str, str] = {
    "school_code": "学校代码",
    "catalogue_code": "专业代码",
    "direction": "专业方向",
    "year": "年份",
    "source": "数据来源",
}
"""The columns that are no measures, and what a template calls them."""
ALSO = {"年度": "year"}
"""What people call such a column too."""


@dataclass(slots=True)
class Read:
    """A file as it was read: its grid and which column stands where; what is wrong and what was understood so far."""

    problems: Findings
    notices: Findings
    grid: Grid | None = None
    places: dict[str, int] = field(default_factory=dict)
    template: str = ""
    """Which template the workbook says it was made from; `` for none."""

    @classmethod
    def nothing(cls) -> "Read":
        """Of a file that is not read yet."""
        return cls(Findings(most=MOST_REMARKS), Findings(most=MOST_REMARKS))

    def wrong(self, row: int, column: str, code: str, value: object, rule: object = "", **facts: object) -> None:
        """Note a problem of one cell."""
        said = {"expected": rule, **facts}
        self.problems.add(code, FILE, row, column, value, rule, said, place=self.places.get(column, 0))

    def understood(self, row: int, column: str, how: str, written: str, text: str) -> None:
        """Note how a cell was understood."""
        self.notices.add(how, FILE, row, column, written, text, {"text": text}, place=self.places.get(column, 0))


def read(content: bytes, media_type: str, policy: Policy, told: Callable[[int], None] = lambda _: None) -> Read:
    """Read a file of either kind, telling how many rows are read of one that takes long.

    TooLarge, unread, beyond a limit; Invalid for what cannot be read at all.
    """
    found = Read.nothing()
    grid = _grid(content, media_type, found, told)
    if grid is not None and _named(found, grid, policy):
        found.grid = grid
        if not len(grid) and not found.problems.totals:
            found.problems.add("no-rows-loaded", FILE, 0, "", "", "")
    return found


def _grid(content: bytes, media_type: str, found: Read, told: Callable[[int], None]) -> Grid | None:
    given = _opened(content, media_type, found, told)
    if isinstance(given, Grid):
        return given
    if not given and found.problems.totals:
        return None
    lines = given.count(b"\n")
    grid = None if lines > MOST_LINES else read_grid(given, FILE, found.problems)
    rows = lines if grid is None else len(grid)
    if rows > MOST_ROWS:
        raise TooLarge(about(FILE, "too-many-rows", rows, f"..{MOST_ROWS}"))
    return grid


def _opened(content: bytes, media_type: str, found: Read, told: Callable[[int], None]) -> Grid | bytes:
    """The rows of a plain sheet; of any other file its CSV."""
    if charsets.kind_of(media_type) == charsets.XLSX:
        return _of_workbook(content, found, told)
    return charsets.as_utf8(content, media_type, FILE, found.problems)


def _of_workbook(content: bytes, found: Read, told: Callable[[int], None]) -> Grid | bytes:
    from .sheets_plain import plain_grid  # noqa: PLC0415 -- slow import: NumPy

    with readable(FILE):
        book = Workbook(content, FILE, from_template=True)
        if book.template:
            found.template = sheet_as_csv(book, FILE, Findings(), book.template).decode().partition("\n")[0].strip()
        return plain_grid(book, told) or sheet_as_csv(book, FILE, found.problems)


# --- headings --------------------------------------------------------------------------------------------------------


def headings(policy: Policy) -> dict[str, str]:
    """What a column may be called → its name: the name itself, or what a template calls it."""
    known = {label: name for name, label in KEYS.items()} | ALSO
    titles = [title(measure) for measure in policy.measures.values()]
    for measure, one in zip(policy.measures.values(), titles, strict=True):
        known[one if titles.count(one) == 1 and one not in known else f"{one} {measure.code}"] = measure.code
    return known | {name: name for name in (*KEYS, *policy.measures)}


def title(measure: Measure) -> str:
    """What a template calls a measure: its Chinese label, with its unit."""
    label = measure.label.get("zh") or measure.code
    unit = typed.unit_word(measure)
    return f"{label}（{unit}）" if unit else label


def _named(found: Read, grid: Grid, policy: Policy) -> bool:
    """Find every column's place; False where rows cannot be read without one that is missing."""
    known, problems = headings(policy), found.problems
    for place, written in enumerate(grid.heading):
        text = typed.plain(written).text
        name = known.get(text, known.get(typed.narrow(text).text))
        if name in found.places:
            problems.add("column-twice", FILE, 1, written, written, "", place=place)
        elif name is None:
            names = tuple(name for name in known if name not in ALSO)
            facts = {"nearest": _meant(text, names)}
            problems.add("unknown-column", FILE, 1, written, written, names, facts, place=place)
        else:
            found.places[name] = place
    missing = [column.name for column in FIGURES.columns if column.required and column.name not in found.places]
    is_chinese = any(not written.isascii() for written in grid.heading)
    for name in missing:
        problems.add("missing-column", FILE, 1, KEYS[name] if is_chinese else name, "", name)
    return not missing


def _meant(text: str, names: Sequence[str]) -> str:
    """The heading that was probably meant, or ``."""
    # Of two characters one is half: a slip of the pen in a short Chinese word is further from it than in a long one.
    close = get_close_matches(text, names, n=1, cutoff=1 / 2) if len(text) < 4 else []
    return close[0] if close else nearest(text, names)


def reported(found: Read, policy: Policy) -> Sequence[Measure]:
    """The measures that the file has a column for, in the order of the columns."""
    return [policy.measures[name] for name in sorted(found.places, key=found.places.__getitem__)
            if name in policy.measures]  # fmt: skip
