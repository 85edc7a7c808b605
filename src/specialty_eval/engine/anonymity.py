"""By what a school is known, and where it is named: what a blind review's material is looked through for.

Reading files is not its work. What is found is named one by one; what could not be read is said, and is not passed.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

NEAR = 20
"""How many characters around a find are shown."""
_SHORTEST_CORE = 3
_KINDS = (
    "职业中等专业学校", "中等职业技术学校", "中等职业学校", "中等专业学校", "职业技术学校", "职业技术学院",
    "高级技工学校", "职业学校", "职业学院", "技师学院", "技工学校", "职业大学", "技术学院", "学校", "学院", "大学",
)  # fmt: skip
_SHORT_KINDS = ("职业中专", "职校", "职专", "职中", "中专", "技校", "职院", "职教中心")


class Checked(StrEnum):
    """What a check says of a piece of material."""

    CLEAR = "clear"
    FOUND = "found"
    UNCHECKED = "unchecked"
    """Nothing was found in what could be read, and not all of it could."""


@dataclass(frozen=True, slots=True)
class Find:
    """A name, where it stands, and what stands around it."""

    where: str
    name: str
    near: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A part that was not looked at, and why: `broken`, `format`, `locked`, `picture`, …"""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found in a piece of material, and what of it could not be read."""

    finds: tuple[Find, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def says(self) -> Checked:
        """The worst of it."""
        if self.finds:
            return Checked.FOUND
        return Checked.UNCHECKED if self.unread else Checked.CLEAR


def plain(text: str) -> str:
    """The text as it is compared: one form of each character, small, letters and digits alone."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def names_of(
    school: str, codes: Iterable[str] = (), areas: Iterable[str] = (), people: Iterable[str] = (),
    also: Iterable[str] = (),
) -> tuple[str, ...]:  # fmt: skip
    """Everything a school is known by: its name, the name without its city or county, the usual short forms of that,
    its codes, the names of its heads, and what else somebody said.
    """
    known = [school, *_without_areas(school, areas)]
    for name in tuple(known):
        known += _short_forms(name)
    known += [*codes, *people, *also]
    return tuple(dict.fromkeys(name for name in known if len(plain(name)) >= 2))


def _without_areas(school: str, areas: Iterable[str]) -> list[str]:
    """德州市示例学校 → 示例学校: without the name of an area it lies in, with or without 省, 市, 区, 县 or 旗."""
    starts = {part for area in areas for part in (area, re.sub("(省|市|区|县|旗)$", "", area)) if len(part) >= 2}
    found, name = [], school
    while begins := [start for start in starts if name.startswith(start) and len(name) > len(start) + 2]:
        name = name.removeprefix(max(begins, key=len)).removeprefix("市").removeprefix("区").removeprefix("县")
        found.append(name)
    return found


def _short_forms(name: str) -> Iterator[str]:
    for kind in _KINDS:
        if name.endswith(kind) and len(name) > len(kind) + 1:
            core = name.removesuffix(kind)
            if len(core) >= _SHORTEST_CORE:
                yield core
            yield from (core + short for short in _SHORT_KINDS)
            return


def finds(where: str, text: str, names: Collection[str]) -> list[Find]:
    """Each name that stands in a text, once, with what stands around it; a longer one covers the shorter ones in it."""
    compared = plain(text)
    found: list[Find] = []
    for name in sorted(names, key=lambda name: (-len(plain(name)), name)):
        wanted = plain(name)
        at = compared.find(wanted) if wanted else -1
        if at >= 0 and not any(wanted in plain(other.name) for other in found):
            found.append(Find(where, name, compared[max(0, at - NEAR) : at + len(wanted) + NEAR]))
    return found
