"""Problem codes → sentences for people, in Chinese and English, with what to do next. What is wrong others decide.

The sentences live in `locale/problems/*.toml`, the words for machine phrases in `locale/phrases.toml`, what states,
events, roles and sectors are called in `locale/labels.toml`.
"""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from specialty_eval.engine.errors import Problem

LANGUAGES = ("zh", "en")

_PLACE = re.compile(r"\{(\w+)\}")
_IF_KNOWN = re.compile(r"\[\[(.*?)\]\]")
_PHRASE = re.compile(r"(\w+)(?:\(([0-9])\))?(?: (-?[0-9.]*)\.\.(-?[0-9.]*))?")
_SECTION = re.compile(r"^\[([a-z0-9-]+)\]$\n((?:(?!\[).*\n?)*)", re.MULTILINE)
_LONGEST = 200
_PHRASED = frozenset({"expected", "type", "rule"})
"""The facts that may be machine phrases; any other, and what stands in a list, is said as it is."""
_AND = {"zh": "、", "en": ", "}


def message(problem: Problem, lang: str) -> str:
    """What is wrong, in `zh` or `en`. A code without a text is said as it is; a missing fact is left out."""
    text = _texts_of(problem.code).get(lang)
    return f"{problem.code} {problem.where}".strip() if text is None else _filled(text, problem, lang)


def advice(problem: Problem, lang: str) -> str:
    """What to do next, in `zh` or `en`; empty when nothing is known."""
    return _filled(_texts_of(problem.code).get(f"{lang}_next", ""), problem, lang)


def codes() -> frozenset[str]:
    """Every code that has a text."""
    return frozenset(_sections())


def sample(code: str) -> Problem:
    """A problem of this code as a list of codes shows it: … stands for every fact."""
    places = {place for text in _texts_of(code).values() for place in _PLACE.findall(text)}
    return Problem(code, "…", dict.fromkeys(places, "…"))


@cache
def _sections() -> Mapping[str, str]:
    """Code → its section of a file as it is written: what a server says first is one of hundreds."""
    found: dict[str, str] = {}
    folder = files("specialty_eval").joinpath("locale/problems")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            found.update(_SECTION.findall(file.read_text("utf-8")))
    return found


@cache
def _texts_of(code: str) -> Mapping[str, str]:
    """The texts of a code; empty for a code without any."""
    return tomllib.loads(_sections().get(code, ""))


@cache
def _phrases() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(files("specialty_eval").joinpath("locale/phrases.toml").read_text("utf-8"))


def _filled(text: str, problem: Problem, lang: str) -> str:
    """The text with its facts; what stands in [[…]] is left out unless it has them all."""
    facts = {"where": problem.where, **problem.facts}
    known = _IF_KNOWN.sub(lambda part: part[1] if all(map(facts.get, _PLACE.findall(part[1]))) else "", text)

    def said(place: re.Match[str]) -> str:
        fact = _called(place[1], facts.get(place[1], ""), problem, lang)
        return shown(fact, lang) if place[1] in _PHRASED else _joined(fact, lang)

    return _PLACE.sub(said, known)


@cache
def labels() -> Mapping[str, Any]:
    """What roles, sectors, machines, states and events are called (`locale/labels.toml`)."""
    return tomllib.loads(files("specialty_eval").joinpath("locale/labels.toml").read_text("utf-8"))


_NAMES_A_KIND = frozenset({"not-found", "changed-meanwhile"})
"""What stands in `where` of these is a kind of thing."""
_MACHINE_OF = {
    "enrolment_plan": "plan", "expert_assignment": "assignment", "meeting_item": "item", "specialty_list": "list",
    "support_grant": "support",
}  # fmt: skip
"""Table → its machine, where they are called otherwise."""
_LOCAL = ZoneInfo("Asia/Shanghai")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d")


def _by_the_clock(fact: object) -> object:
    """An instant as the city's clocks show it; anything else as it is."""
    if not isinstance(fact, str) or _INSTANT.fullmatch(fact) is None:
        return fact
    try:
        return f"{datetime.fromisoformat(fact).astimezone(_LOCAL):%Y-%m-%d %H:%M}"
    except ValueError:
        return fact


def _called(place: str, fact: object, problem: Problem, lang: str) -> object:
    """What a state, event, role or sector is called; the fact itself where it is none. A machine stands in `where`, or
    in the fact `machine` where that is a cell.
    """
    machine = str(problem.facts.get("machine", re.split(r"s?(?:[ .]|$)", problem.where, maxsplit=1)[0]))
    machine = _MACHINE_OF.get(machine, machine)
    match place:
        case "since":
            return _by_the_clock(fact)
        case "where" if problem.code in _NAMES_A_KIND and lang == "zh":
            return _kind_called(str(fact), str(problem.facts.get("kind", "")))
        case "text" if problem.code == "yes-or-no" and lang == "zh":
            return {"true": "是", "false": "否"}.get(str(fact), fact)
        case "state":
            words = {name: said["inside"] for name, said in labels()["states"].get(machine, {}).items()}
        case "event":
            words = labels()["acts"] | labels()["events"].get(machine, {})
        case "roles" | "sector":
            words = labels()["roles" if place == "roles" else "sectors"]
        case _:
            return fact
    if isinstance(fact, Collection) and not isinstance(fact, str | bytes | Mapping):
        return [words[each][lang] if each in words else each for each in map(str, fact)]
    return words[str(fact)][lang] if str(fact) in words else fact


def _kind_called(where: str, kind: str) -> str:
    """What was not found, in Chinese: by where it was named, or else by its kind, where either has a name."""
    known = labels()["kinds"]
    names = [name.removesuffix("_id") for name in (where, kind)]
    found = (known.get(name) or known.get(name.removesuffix("s")) for name in names)
    return next(filter(None, found), where)


def shown(fact: object, lang: str) -> str:
    """A fact as people read it: a machine phrase (`integer 0..4`) in words, lists joined as they are, long ones cut."""
    return _joined(_phrase(fact, lang) if isinstance(fact, str) else fact, lang)


def _joined(fact: object, lang: str) -> str:
    """A fact whose names stay as they are: `length` in a list is a column, not a kind of value."""
    if isinstance(fact, Mapping):
        return _joined([f"{key} {value}" for key, value in fact.items()], lang)
    if isinstance(fact, Collection) and not isinstance(fact, str | bytes):
        text = _AND[lang].join(_joined(each, lang) for each in fact)
    else:
        text = "" if fact is None else str(fact)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _phrase(text: str, lang: str) -> str:
    found = _PHRASE.fullmatch(text)
    word = None if found is None else _phrases().get(found[1])
    if found is None or word is None:
        return text
    places, low, high = found[2], found[3], found[4]
    said = word[lang] + (_phrases()["places"][lang].format(places) if places else "")
    match bool(low), bool(high):
        case True, True:
            return _phrases()["between"][lang].format(said, low, high)
        case True, False:
            return _phrases()["from"][lang].format(said, low)
        case False, True:
            return _phrases()["to"][lang].format(said, high)
        case _:
            return said


# --- lists that leave as sheets ---


@cache
def _table(name: str) -> Mapping[str, Any]:
    return tomllib.loads(files("specialty_eval").joinpath(f"locale/{name}.toml").read_text("utf-8"))


def route(call: str) -> str:
    """What a list is called, in Chinese: what its call is said to do, up to the first mark."""
    return re.split(r"[，；。：（]", _table("routes").get(call, call), maxsplit=1)[0]


def column(path: Sequence[str]) -> str:
    """What a field of a row is called, in Chinese; a field within another behind the name of that."""
    known = _table("columns")["columns"]
    whole = ".".join(path)
    return str(known[whole]) if whole in known else "·".join(str(known.get(part, part)) for part in path)


def columns() -> frozenset[str]:
    """Every field that has a name."""
    return frozenset(_table("columns")["columns"])


def values_of(enum: type[Enum]) -> Mapping[str, str]:
    """What the values of a kind are called, in Chinese: a machine's states, ratings; empty for any other."""
    from specialty_eval.engine.machines import MACHINES  # noqa: PLC0415 -- slow import: every machine's table

    for name, machine in MACHINES.items():
        if machine.states is enum:
            return {state: said["inside"]["zh"] for state, said in labels()["states"][name].items()}
    return {code: said["zh"] for code, said in _table("pages").get(enum.__name__.lower(), {}).items()}


def values_called(field: str) -> Mapping[str, str]:
    """The same of what is no kind of its own, by the field's name: levels, roles, sectors, figures."""
    match field:
        case "role" | "sector":
            said = labels()[f"{field}s"]
        case "level" | "levels" | "school_kind" | "school_kinds":
            said = _table("pages")["level"]
        case "value" | "stated" | "claimed" | "figures":
            said = _table("pages")["option"]
        case _:
            return {}
    return {code: words["zh"] for code, words in said.items()}
