"""Many short texts in one array of bytes: taken out, told apart, read as numbers, put side by side. No meaning."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]
Few = NDArray[np.int8]
"""Numbers below a hundred or so, of which a processor takes many at a time."""

PAD = b"\0" * 32
"""Ends every array that texts are taken from: a text is taken in whole words."""

TENS = 10 ** np.arange(19, dtype=np.int64)
_BLOCK = 4096
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_ONE = np.uint64(1)
_HIGH = np.uint64(0x8080808080808080)
_SHIFTS = 8 * np.arange(8, dtype=np.uint64)
BELOW = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
"""So many of a word's first letters."""


def blocks(rows: int) -> Iterator[slice]:
    """So many rows in pieces that, with what is made of them on the way, stay in a processor's own memory."""
    return (slice(begin, begin + _BLOCK) for begin in range(0, rows, _BLOCK))


def taken(whole: Bytes, at: Places, length: int) -> NDArray[np.void]:
    """So many bytes from each of these places."""
    return np.ndarray(len(whole) - length + 1, f"V{length}", whole, strides=(1,))[at]


@cache
def masks(longest: int) -> NDArray[np.uint64]:
    """Length → the words that leave so many bytes of a text and take the others out."""
    wide = -(-longest // 8) * 8
    return np.tril(np.full((wide + 1, wide), 0xFF, np.uint8), -1).view(np.uint64)


def texts_at(whole: Bytes, at: Places, length: Places) -> Bytes:
    """The texts at these places, a row each, padded with zeros."""
    words = max(-(-int(length.max(initial=1)) // 8), 1)
    if len(whole) < 8 * words + int(at.max(initial=0)):
        whole = np.concatenate([whole, np.zeros(8 * words, np.uint8)])
    cut, mask = np.empty((len(at), words), np.uint64), masks(8 * words)
    for block in blocks(len(at)):
        said = taken(whole, at[block], 8 * words).view(np.uint64).reshape(-1, words)
        np.bitwise_and(said, mask.take(length[block], axis=0), out=cut[block])
    return cut.view(np.uint8)


def lengths_of(said: Bytes) -> Places:
    """How long the text of each row is that is padded with zeros to whole words."""
    words = said.view(np.uint64)
    length = np.zeros(len(said), np.int64)
    for column in range(words.shape[1]):
        length += _ones(_unlike(words[:, column], 0))
    return length


def table_of(texts: Sequence[bytes]) -> Bytes:
    """Texts as rows, padded with zeros to whole words."""
    wide = -(-max(1, *map(len, texts)) // 8) * 8 if texts else 8
    return np.array(texts, f"S{wide}").view(np.uint8).reshape(len(texts), wide)


def written(numbers_: Places) -> Bytes:
    """Whole numbers from 0 in digits, a row each, padded with zeros before them."""
    wide = len(str(int(numbers_.max(initial=0))))
    table = np.zeros((len(numbers_), wide), np.uint8)
    for back in range(wide):
        is_said = numbers_ >= (TENS[back] if back else 0)
        table[:, wide - 1 - back] = np.where(is_said, numbers_ // TENS[back] % 10 + 48, 0)
    return table


def joined(columns: Sequence[Bytes]) -> bytes:
    """Each row's texts one after the other, all rows; what is padded falls out."""
    return np.concatenate(columns, axis=1).tobytes().translate(None, b"\0")


@dataclass(frozen=True, slots=True)
class Distinct:
    """A column of texts: of each row the place of its text among the distinct `texts`."""

    places: Places
    texts: list[str]


def distinct(said: Bytes) -> Distinct:
    """Tell the rows of padded UTF-8 apart."""
    if not len(said):
        return Distinct(np.empty(0, np.int64), [])
    words = said.view(np.uint64)
    mixed = words[:, 0].copy()
    for column in range(1, words.shape[1]):
        mixed ^= mixed >> _SHIFT
        mixed = mixed * _PRIME + words[:, column]
    _, first, places = np.unique(mixed, return_index=True, return_inverse=True)
    if not (words[first][places] == words).all():  # two texts that are mixed alike: never seen, told apart all the same
        _, first, places = np.unique(words, axis=0, return_index=True, return_inverse=True)
    texts = said[first].view(f"S{said.shape[1]}").reshape(-1).tolist()
    return Distinct(places.reshape(-1), [text.decode() for text in texts])


@dataclass(frozen=True, slots=True)
class Numbers:
    """Texts read as numbers: `digits` as one integer with its sign, how many are `places`; which are `plain` at all."""

    value: Places
    places: Few
    plain: Flags


def numbers(said: Bytes, length: Places) -> Numbers:
    """An optional `-`, at most 18 digits without a needless zero before them, and a `.` among them."""
    short = length <= 8
    if short.all():
        return _in_a_word(said.view(np.uint64)[:, 0], length)
    rest = np.flatnonzero(~short)
    one, other = _in_a_word(said.view(np.uint64)[:, 0], length), _by_letters(said[rest], length[rest])
    one.value[rest], one.places[rest], one.plain[rest] = other.value, other.places, other.plain
    return one


def _in_a_word(word: Words, length: Places) -> Numbers:
    """Of texts that are no longer than a word, its eight letters at a time; of longer ones it says nothing."""
    size, is_minus = np.minimum(length, 9).astype(np.int8), (word & np.uint64(0xFF)) == ord("-")
    figure, points = word ^ _each(ord("0")), _unlike(word, ord(".")) ^ _HIGH
    digit = (((figure & ~_HIGH) + _each(0x76)) | figure) & _HIGH ^ _HIGH  # above 9 the sum reaches the highest bit
    count, dots, minus = _ones(digit), _ones(points), is_minus.view(np.int8)
    point = np.where(dots == 1, _ones((points & (~points + _ONE)) - _ONE) >> 3, size) - minus
    plain = (count + dots + minus == size) & (dots <= 1) & (point > 0) & (point != size - minus - 1)
    if has_minus := is_minus.any():
        figure >>= np.where(is_minus, np.uint64(8), np.uint64(0))
    plain &= ((figure & np.uint64(0xFF)) != 0) | (point == 1)
    before = BELOW.take(point, mode="clip")
    figure = (figure & before) | ((figure >> np.uint64(8)) & ~before)
    value = _eight_digits(figure << _SHIFTS.take(8 - count, mode="clip")) * plain
    return Numbers(np.where(is_minus, -value, value) if has_minus else value, size - point - minus - dots, plain)


def _ones(word: Words) -> Few:
    """How many bits are set."""
    return np.bitwise_count(word).view(np.int8)


def _eight_digits(figure: Words) -> Places:
    """Eight digits, the first in the lowest byte, as a number: pairs, then fours, then all."""
    pairs = figure * np.uint64(10) + (figure >> np.uint64(8))
    low, high = pairs & np.uint64(0xFF000000FF), (pairs >> np.uint64(16)) & np.uint64(0xFF000000FF)
    number = (low * np.uint64(100 + (1_000_000 << 32)) + high * np.uint64(1 + (10_000 << 32))) >> np.uint64(32)
    return number.astype(np.int64)


def _unlike(word: Words, letter: int) -> Words:
    """The highest bit of each byte that is not this letter."""
    other = word ^ _each(letter)
    return ((other & ~_HIGH) + ~_HIGH | other) & _HIGH


def _each(letter: int) -> np.uint64:
    return np.uint64(letter * 0x0101010101010101)


def _by_letters(said: Bytes, length: Places) -> Numbers:
    digit = said - np.uint8(48) < 10
    minus, dots = said[:, 0] == ord("-"), said == ord(".")
    has_point, count = dots.sum(axis=1), digit.sum(axis=1)
    point = np.where(has_point == 1, dots.argmax(axis=1), length)
    plain = (count + has_point + minus == length) & (has_point <= 1) & (count <= 18)
    plain &= (point > minus) & (point != length - 1)
    leads = said[np.arange(len(said)), minus.astype(np.int64)] == ord("0")
    plain &= ~(leads & (point > minus + 1))
    value = np.zeros(len(said), np.int64)
    for column in range(min(said.shape[1], 20)):
        value = np.where(digit[:, column] & plain, value * 10 + (said[:, column] - np.uint8(48)), value)
    return Numbers(np.where(minus, -value, value), (length - point - has_point).astype(np.int8), plain)


def digits_of(said: Bytes) -> tuple[Places, Places]:
    """The numbers that texts begin with, and how many digits each has, at most eight."""
    number, width = np.zeros(len(said), np.int64), np.zeros(len(said), np.int64)
    going = np.ones(len(said), np.bool_)
    for place in range(8):
        digit = said[:, place] - np.uint8(48)
        going &= digit < 10
        if not going.any():
            break
        number = np.where(going, number * 10 + digit, number)
        width += going
    return number, width
