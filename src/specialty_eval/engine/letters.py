"""Many short texts in one array of bytes: taken out, told apart, read as numbers, put side by side. No meaning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

PAD = b"\0" * 32
"""Ends every array that texts are taken from: a text is taken in whole words."""

TENS = 10 ** np.arange(19, dtype=np.int64)
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def taken(whole: Bytes, at: Places, length: int) -> NDArray[np.void]:
    """So many bytes from each of these places."""
    return np.ndarray(len(whole) - length + 1, f"V{length}", whole, strides=(1,))[at]


def masks(longest: int) -> NDArray[np.uint64]:
    """Length → the words that leave so many bytes of a text and take the others out."""
    wide = -(-longest // 8) * 8
    return np.tril(np.full((wide + 1, wide), 0xFF, np.uint8), -1).view(np.uint64)


def texts_at(whole: Bytes, at: Places, length: Places) -> Bytes:
    """The texts at these places, a row each, padded with zeros."""
    words = max(-(-int(length.max(initial=1)) // 8), 1)
    if len(whole) < 8 * words + int(at.max(initial=0)):
        whole = np.concatenate([whole, np.zeros(8 * words, np.uint8)])
    said = taken(whole, at, 8 * words).view(np.uint64).reshape(len(at), words)
    cut: Bytes = (said & masks(8 * words)[length]).view(np.uint8)
    return cut


def table_of(texts: Sequence[bytes]) -> Bytes:
    """Texts as rows, padded with zeros."""
    wide = max(1, *map(len, texts)) if texts else 1
    return np.array(texts, f"S{wide}").view(np.uint8).reshape(len(texts), wide)


def joined(columns: Sequence[Bytes]) -> bytes:
    """Each row's texts one after the other, all rows; what is padded falls out."""
    laid: Bytes = np.concatenate(columns, axis=1)
    return bytes(laid[laid != 0].tobytes())


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
    return Distinct(places.reshape(-1), [bytes(row).rstrip(b"\0").decode() for row in said[first]])


@dataclass(frozen=True, slots=True)
class Numbers:
    """Texts read as numbers: `digits` as one integer with its sign, how many are `places`; which are `plain` at all."""

    value: Places
    places: Places
    plain: Flags


def numbers(said: Bytes, length: Places) -> Numbers:
    """An optional `-`, at most 18 digits without a needless zero before them, and a `.` among them."""
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
    return Numbers(np.where(minus, -value, value), length - point - has_point, plain)


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
