"""A sheet as plain text values, for keeping and for showing: decimals as written, nothing through a float."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .results import Line, Sheet


def plain(value: Decimal | bool | str | None) -> str | bool | None:
    """A value as JSON keeps it without loss: a number as the text of its digits."""
    return f"{value:f}" if isinstance(value, Decimal) else value


def line_text(line: "Line") -> dict[str, Any]:
    """One indicator's line."""
    return {"code": line.code, "value": plain(line.value), "points": plain(line.points), "weight": plain(line.weight),
            "counted": line.counted}  # fmt: skip


def sheet_columns(sheet: "Sheet") -> dict[str, Any]:
    """A sheet as the columns it is kept in."""
    return {
        "total": sheet.total,
        "completeness": sheet.completeness,
        "dimensions": {code: plain(score) for code, score in sheet.dimensions.items()},
        "indicators": [line_text(line) for line in sheet.indicators],
        "rating": sheet.rating.value,
        "reasons": [reason.code for reason in sheet.reasons],
        "caps": list(sheet.caps),
    }
