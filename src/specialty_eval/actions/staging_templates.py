"""Workbooks to fill in, made from a policy: what may stand in a cell, what it means, and which policy it was made for.

Headings and what names a row are locked; the hidden sheet says from which template a file comes when it is back.
"""

import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from specialty_eval.engine.errors import Problem
from specialty_eval.engine.policy import Measure, Policy
from specialty_eval.engine.typed import unit_word
from specialty_eval.engine.vocabulary import Type, options_called
from specialty_eval.store import cycles, registry_queries
from specialty_eval.store.registry_queries import Named

from .context import Context
from .staging_files import permitted
from .staging_reading import KEYS, headings
from .workbooks import NOTES, TEMPLATE

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.worksheet import Worksheet

LAYOUT = "specialty-eval/template/1"
ROWS = "数据"
"""The sheet with the rows."""
BLANK_ROWS = 2_000
"""So many rows of a template can be filled in where none are named."""
NOT_FILLED = ("panel", "computed")
_VERSION = re.compile(r"(\S+) (\S+)@(\S+) ([0-9a-f]{64})")
_KINDS = {"integer": "整数", "decimal": "数", "boolean": "是或否", "choice": "选一项"}


def version_of(policy: Policy) -> str:
    """What the hidden sheet says."""
    return f"{LAYOUT} {policy.id}@{policy.version} {policy.digest}"


def filled(policy: Policy) -> list[Measure]:
    """The measures that somebody writes down."""
    return [measure for measure in policy.measures.values() if measure.supplier not in NOT_FILLED]


def make(ctx: Context, policy: tuple[str, str], *, year: int | None = None, supplier: str = "") -> bytes:
    """A workbook to fill in: with a year, a row for each specialty that the caller's office or school reaches.

    `supplier` leaves out the other suppliers' measures. NotYou for whoever supplies none anywhere.
    """
    permitted(ctx)
    found = cycles.policy_named(ctx.session, *policy)
    measures = [m for m in filled(found) if supplier in ("", m.supplier)]
    sites = () if year is None else registry_queries.specialties_reached(ctx.session, ctx.actor, ctx.today)
    columns = ["school_code", "catalogue_code", "direction", "year", *(m.code for m in measures), "source"]
    return workbook(found, columns, ((site, year) for site in sites))


def workbook(policy: Policy, columns: Sequence[str], rows: Iterable[tuple[Named, int | None]]) -> bytes:
    """The template with these columns and rows."""
    import xlsxwriter  # noqa: PLC0415 -- slow import: a writer of workbooks

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(ROWS)
    last = lay_out(book, sheet, policy, columns, BLANK_ROWS)
    locked = book.add_format({"bg_color": "#EEEEEE"})
    for number, (site, year) in enumerate(rows, 1):
        named = (site.school_code, site.catalogue_code, site.direction, "" if year is None else year)
        for place, text in enumerate(named):
            sheet.write(number, place, text, locked)
    sheet.protect("", {"insert_rows": False, "sort": True, "autofilter": True, "format_cells": True})
    sheet.ignore_errors({"number_stored_as_text": f"A1:D{last}"})
    write_notes(book, policy, columns)
    write_version(book, version_of(policy))
    book.close()
    return out.getvalue()


def lay_out(book: "xlsxwriter.Workbook", sheet: "Worksheet", policy: Policy, columns: Sequence[str], rows: int) -> int:
    """Headings, notes on them, what each column takes; cells below are open. Returns the last row, as people count."""
    heading = book.add_format({"bold": True, "bg_color": "#D9E2F3", "text_wrap": True, "valign": "top"})
    text, number = book.add_format({"num_format": "@", "locked": False}), book.add_format({"locked": False})
    called = {name: title for title, name in reversed(headings(policy).items()) if title != name}
    for place, name in enumerate(columns):
        measure = policy.measures.get(name)
        sheet.set_column(place, place, 16, number if measure is not None or name == "year" else text)
        sheet.write_string(0, place, called.get(name, name), heading)
        if measure is not None:
            sheet.write_comment(0, place, note(measure), {"x_scale": 2, "y_scale": 2})
            sheet.data_validation(1, place, rows, place, _rule(measure))
    sheet.freeze_panes(1, 4)
    return rows + 1


def _rule(measure: Measure) -> dict[str, Any]:
    """What a spreadsheet program lets be typed into a measure's cells."""
    said = {"error_title": measure.label.get("zh", measure.code)[:32], "error_message": _range(measure)[:255]}
    if measure.type is Type.BOOLEAN:
        return {"validate": "list", "source": ["是", "否"], **said}
    if measure.type is Type.CHOICE:
        listed = list(options_called(measure.options).values())
        return {"validate": "list" if len(",".join(listed)) < 255 else "any", "source": listed, **said}
    kind = "integer" if measure.type is Type.INTEGER else "decimal"
    low, high = measure.min, measure.max
    if low is not None and high is not None:
        return {"validate": kind, "criteria": "between", "minimum": low, "maximum": high, **said}
    if low is None and high is None:
        return {"validate": kind, "criteria": "between", "minimum": -(10**15), "maximum": 10**15, **said}
    criteria, bound = (">=", low) if high is None else ("<=", high)
    return {"validate": kind, "criteria": criteria, "value": bound, **said}


def _range(measure: Measure) -> str:
    """What a value may be, in a few words."""
    kind = _KINDS[measure.type.value]
    if measure.type is Type.DECIMAL:
        kind = f"最多{measure.decimals}位小数"
    if measure.type is Type.CHOICE:
        return f"{kind}：{'、'.join(options_called(measure.options).values())}"
    bounds = [f"不小于{_plain(measure.min)}"] * (measure.min is not None)
    bounds += [f"不大于{_plain(measure.max)}"] * (measure.max is not None)
    return "，".join([kind, *bounds])


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


def note(measure: Measure) -> str:
    """What a heading's note says: what it is, its unit, what it may be, who supplies it, where it is defined."""
    parts = [measure.label.get("zh", ""), measure.label.get("en", "")]
    parts += [f"单位：{unit_word(measure)}"] if measure.unit else []
    parts += [_range(measure), f"提供方：{measure.supplier}", f"代码：{measure.code}"]
    parts += [f"口径：{measure.source}"] if measure.source else []
    return "\n".join(part for part in parts if part)


def write_notes(book: "xlsxwriter.Workbook", policy: Policy, columns: Sequence[str]) -> None:
    """A sheet with every column in words."""
    sheet = book.add_worksheet(NOTES)
    sheet.set_column(0, 5, 24)
    lines = [("列", "代码", "单位", "可填", "提供方", "口径")]
    for name in columns:
        if (m := policy.measures.get(name)) is None:
            lines.append((KEYS[name], name, "", "", "", ""))
        else:
            lines.append((m.label.get("zh", name), name, unit_word(m), _range(m), m.supplier, m.source))
    for row, line in enumerate(lines):
        for place, said in enumerate(line):
            sheet.write_string(row, place, said)
    sheet.protect()


def write_version(book: "xlsxwriter.Workbook", version: str) -> None:
    """The hidden sheet that says which template this is."""
    sheet = book.add_worksheet(TEMPLATE)
    sheet.write_string(0, 0, version)
    sheet.very_hidden()


# --- when it is back -------------------------------------------------------------------------------------------------


def changed_since(ctx: Context, template: str, policy: Policy, columns: Iterable[str]) -> list[tuple[str, Problem]]:
    """Column → what is another than when its template was made; of a template that is today's, nothing.

    A column that means something else now is a problem; that a newer one is there, or one not in the file, is not.
    """
    if not template or template == version_of(policy):
        return []
    made = _VERSION.fullmatch(template)
    if made is None or made[2] != policy.id:
        return [("", Problem("template-unknown", "", {"expected": f"{policy.id}@{policy.version}"}))]
    before = _known(ctx, made[2], made[3], made[4])
    if before is None:
        return [("", Problem("template-unknown", "", {"expected": f"{policy.id}@{policy.version}"}))]
    changes = [
        (code, Problem("template-measure-changed", "", {"changes": said, "since": made[3], "expected": policy.version}))
        for code in columns
        if code in policy.measures and (said := _differences(before.measures.get(code), policy.measures[code]))
    ]
    added = [m.label.get("zh", code) for code, m in policy.measures.items()
             if code not in before.measures and m.supplier not in NOT_FILLED]  # fmt: skip
    gone = [m.label.get("zh", code) for code, m in before.measures.items() if code not in policy.measures]
    facts = {"since": made[3], "expected": policy.version, "added": "、".join(added), "gone": "、".join(gone)}
    return [("", Problem("template-older", "", facts)), *changes]


def _known(ctx: Context, identity: str, version: str, digest: str) -> Policy | None:
    from specialty_eval.engine.errors import NotFound  # noqa: PLC0415 -- beside its only use

    try:
        found = cycles.policy_named(ctx.session, identity, version)
    except NotFound:
        return None
    return found if found.digest == digest else None


def _differences(before: Measure | None, now: Measure) -> str:
    """What changed of a measure that a file reports."""
    if before is None:
        return "新测点 · new"
    looked_at = {
        "名称 · label": (before.label.get("zh"), now.label.get("zh")), "单位 · unit": (before.unit, now.unit),
        "可填 · values": (_range(before), _range(now)), "提供方 · supplier": (before.supplier, now.supplier),
        "口径 · definition": (before.source, now.source),
    }  # fmt: skip
    return "；".join(f"{what}：{old} → {new}" for what, (old, new) in looked_at.items() if old != new)
