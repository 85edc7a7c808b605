"""Many numbers of a workbook as it shows them, 15 digits of each: `sheets.number_shown` for a column at a time."""

import numpy as np

from specialty_eval.engine.letters import TENS, Bytes, Flags, Places, table_of

from .sheets import number_shown

_DIGITS = 15


def shown(said: Bytes, length: Places) -> Bytes | None:
    """The numbers as shown, padded with zeros; `said` holds each in whole words. None: one is no number."""
    rest = np.flatnonzero(~stands(said, length))
    if not rest.size:
        return said
    others = _looked_at(said[rest], length[rest])
    if others is None:
        return None
    texts = said
    if others.shape[1] > said.shape[1]:
        texts = np.zeros((len(said), others.shape[1]), np.uint8)
        texts[:, : said.shape[1]] = said
    texts[rest] = 0
    texts[rest, : others.shape[1]] = others
    return texts


def stands(said: Bytes, length: Places) -> Flags:
    """Which are shown as they stand: at most 15 letters, digits with signs and points, no point at either end."""
    other = (said > ord("9")) | (said == ord("/")) | (said - np.uint8(1) < ord("-") - 1)
    words = other.view(np.uint64)
    is_odd = words[:, 0] != 0
    for column in range(1, words.shape[1]):
        is_odd |= words[:, column] != 0
    first, last = said[:, 0], said[np.arange(len(said)), length - 1]
    ends = (first == ord(".")) | (last == ord(".")) | ((first == ord("-")) & (said[:, 1] == ord(".")))
    as_is: Flags = ~(is_odd | ends) & (length <= _DIGITS)
    return as_is


def _looked_at(said: Bytes, length: Places) -> Bytes | None:
    """Those that may not be shown as they stand."""
    digit = said - np.uint8(48) < 10
    digits, points, minus = digit.sum(axis=1), (said == ord(".")).sum(axis=1), said[:, 0] == ord("-")
    at = np.where(points == 1, (said == ord(".")).argmax(axis=1), length)
    plain = (digits + points + minus == length) & (points <= 1) & (at > minus) & (at != length - 1)
    short = plain & (length <= _DIGITS)
    long = plain & ~short & (digits <= 18)
    odd = np.flatnonzero(~short & ~long)
    others = _one_by_one(said[odd], length[odd])
    if others is None:
        return None
    texts = np.zeros((len(said), max(said.shape[1], others.shape[1])), np.uint8)
    texts[:, : said.shape[1]] = said
    texts[odd] = 0
    texts[odd, : others.shape[1]] = others[: len(odd)]
    if long.any():
        texts[long] = 0
        value, places = _rounded(said[long], digit[long], (length - at - points)[long])
        _write(texts, np.flatnonzero(long), value, places, minus[long] & (value > 0))
    return texts


def _rounded(said: Bytes, digit: Flags, places: Places) -> tuple[Places, Places]:
    """The digits as one integer, half-even to 15 of them and without zeros at the end, and how many are places."""
    value = np.zeros(len(said), np.int64)
    for column in range(said.shape[1]):
        value = np.where(digit[:, column], value * 10 + (said[:, column] - np.uint8(48)), value)
    excess = np.maximum(np.searchsorted(TENS, value, "right") - _DIGITS, 0)
    unit = TENS[excess]
    whole, rest = np.divmod(value, unit)
    up = (2 * rest > unit) | ((2 * rest == unit) & (whole % 2 == 1))
    value, places = whole + up, places - excess
    while (ends := (places > 0) & (value % 10 == 0)).any():
        value, places = np.where(ends, value // 10, value), places - ends
    while (wide := places < 0).any():
        value, places = np.where(wide, value * 10, value), places + wide
    return value, places


def _write(texts: Bytes, rows: Places, value: Places, places: Places, minus: Flags) -> None:
    """Write digits, point and sign, from the end of each text backwards; a whole part is never left empty."""
    count = np.maximum(np.searchsorted(TENS, value, "right"), places + 1)
    end = count + (places > 0) + minus
    for back in range(int(count.max())):
        going = back < count
        at = end - 1 - back - ((places > 0) & (back >= places))
        texts[rows[going], at[going]] = (value // TENS[back] % 10 + 48)[going].astype(np.uint8)
    points = places > 0
    texts[rows[points], (end - 1 - places)[points]] = ord(".")
    texts[rows[minus], 0] = ord("-")


def _one_by_one(said: Bytes, length: Places) -> Bytes | None:
    """Numbers with an exponent, or of more digits than an integer holds; None when something else stands there."""
    texts = [
        number_shown(bytes(one[:size]).decode("ascii", "replace")).encode()
        for one, size in zip(said, length.tolist(), strict=True)
    ]
    is_one = all(set(text) <= set(b"-.0123456789") and text for text in texts)
    return table_of(texts or [b""]) if is_one else None
