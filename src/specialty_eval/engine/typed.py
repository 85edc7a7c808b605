"""What people type where a machine would write strictly: understood where there is one reading, and told each time.

Full-width digits, spaces around, 是 and 否, a unit behind a number, a day with other marks. What can be read in two
ways is left as it is, and then refused by whoever reads strictly.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

from .policy import Measure
from .vocabulary import Type, options_called

_WIDE = str.maketrans("０１２３４５６７８９．－＋％，／：（）　", "0123456789.-+%,/:() ")
_UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
UNITS = {
    "percent": ("%",), "person": ("人", "名"), "school": ("所", "校"), "employer": ("家", "个"),
    "item": ("项", "个", "件"),
    "post": ("个",), "specialty": ("个",), "hour": ("小时", "学时"), "yuan": ("元",), "point": ("分",),
}  # fmt: skip
"""A policy's word for a unit → what people write behind a number for it, the usual word first."""
_YES = frozenset({"是", "有", "对", "√", "TRUE", "True", "YES", "Yes", "yes"})
_NO = frozenset({"否", "无", "没有", "错", "×", "FALSE", "False", "NO", "No", "no"})
_DAY = re.compile(r"([12][0-9]{3})(?:[.\-/]([0-9]{1,2})[.\-/]([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})[日号])")
_MONTH = re.compile(r"([12][0-9]{3})年([0-9]{1,2})月")
_YEAR = re.compile(r"([12][0-9]{3})年")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:[, ][0-9]{3})+(?:\.[0-9]+)?")


class Reading(NamedTuple):
    """A text as a machine would write it, and how it was understood (`` where it stood so)."""

    text: str
    how: str = ""


Understand = Callable[[str], Reading]


def plain(text: str) -> Reading:
    """Without spaces around and unseen characters; the rest as it is."""
    bare = text.strip() if text.isascii() else text.translate(_UNSEEN).strip()
    return Reading(bare, "" if bare == text else "spaces-around")


def narrow(text: str) -> Reading:
    """A code or a number: full-width digits and marks as plain ones, no spaces around."""
    bare = plain(text)
    if text.isascii():
        return bare
    thin = bare.text.translate(_WIDE).strip()
    return Reading(thin, bare.how if thin == bare.text else "full-width")


def year(text: str) -> Reading:
    """`2023年` is 2023."""
    found = narrow(text)
    if named := _YEAR.fullmatch(found.text):
        return Reading(named[1], "year-in-words")
    return found


def day(text: str) -> Reading:
    """`2023.9.1`, `2023/9/1` and `2023年9月1日` are 2023-09-01; of `2023年9月` the first day is meant.

    `2023.9` stays: a spreadsheet writes October so too, having dropped its zero.
    """
    found = narrow(text)
    if named := _DAY.fullmatch(found.text):
        parts = [int(part) for part in named.groups() if part]
        how = "day-in-other-marks"
    elif named := _MONTH.fullmatch(found.text):
        parts, how = [int(named[1]), int(named[2]), 1], "month-as-its-first-day"
    else:
        return found
    try:
        iso = date(*parts).isoformat()
    except ValueError:
        return found
    return Reading(iso, "") if iso == text else Reading(iso, found.how if iso == found.text else how)


def of_measure(measure: Measure) -> Understand:
    """How a value of this measure is understood."""
    match measure.type:
        case Type.BOOLEAN:
            return _yes_or_no
        case Type.CHOICE:
            called = {word: option for option, word in options_called(measure.options).items() if word != option}
            return lambda text: _option(measure, called, text)
        case _:
            return lambda text: _number(measure, text)


def _yes_or_no(text: str) -> Reading:
    bare = plain(text)
    if bare.text in _YES:
        return Reading("true", "yes-or-no")
    return Reading("false", "yes-or-no") if bare.text in _NO else bare


def _option(measure: Measure, called: Mapping[str, str], text: str) -> Reading:
    bare = plain(text)
    if bare.text in called:
        return Reading(called[bare.text], "option-in-words")
    return bare if bare.text in measure.options else narrow(text)


def _number(measure: Measure, text: str) -> Reading:
    found = narrow(text)
    for unit in UNITS.get(measure.unit, (measure.unit,)):
        if unit and found.text.endswith(unit) and found.text != unit:
            return Reading(found.text.removesuffix(unit).strip(), "unit-written")
    return found


def unit_word(measure: Measure) -> str:
    """What people call the unit of a measure; `` without one."""
    return UNITS.get(measure.unit, (measure.unit,))[0]


def is_ambiguous(text: str) -> bool:
    """Whether a number is written with marks between its digits: 1,234 is one thing here and another there."""
    return _GROUPED.fullmatch(narrow(text).text) is not None
