"""The words of the pages in Chinese and English, from `locale/pages.toml` and `locale/labels.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from specialty_eval.engine.calendar import last_local_day

LOCAL = ZoneInfo("Asia/Shanghai")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@cache
def table(name: str) -> Mapping[str, Any]:
    """A file of `locale/`, read once a process."""
    return tomllib.loads(files("specialty_eval").joinpath(f"locale/{name}.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Words:
    """What templates say things with, in one language. A word that is missing is a fault, never an empty place."""

    lang: str

    def say(self, key: str, **facts: object) -> str:
        """The text `section.key`, filled with facts."""
        section, name = key.split(".")
        text: str = table("pages")[section][name][self.lang]
        return text.format(**facts) if facts else text

    def known(self, section: str, word: str) -> str:
        """The text for a word that others choose (a unit, an API tag): the word itself where none is known."""
        named: Mapping[str, str] = table("pages")[section].get(word, {})
        return self.of(named, word)

    def route(self, call: str, english: str) -> str:
        """What a call of the API does; in English where it is not told in this language yet."""
        return table("routes").get(call, english) if self.lang == "zh" else english

    def kind(self, said: str) -> str:
        """What kind of value the API's page says a field has; a list of its values stays as it is."""
        known: Mapping[str, str] = {word: self.of(label) for word, label in table("pages")["kinds"].items()}
        words = re.findall(r"[a-z-]+", said)
        return re.sub(r"[a-z-]+", lambda found: known[found[0]], said) if known.keys() >= set(words) else said

    def bounds(self, said: str) -> str:
        """How long or large a value may be."""
        units: Mapping[str, Any] = table("pages")["bounds"]
        return re.sub(r"(?<=\S) (chars|items|keys)\b", lambda found: self.of(units[found[1]]), said)

    def state(self, machine: str, state: str) -> str:
        """A state as the public is told it."""
        text: str = table("labels")["states"][machine][state]["public"][self.lang]
        return text

    def of(self, label: Mapping[str, str], otherwise: str = "") -> str:
        """A policy's label: in this language, else in Chinese, else what stands for it."""
        return label.get(self.lang) or label.get("zh") or next(iter(label.values()), otherwise)

    def day(self, day: date) -> str:
        """A day as people write it."""
        if self.lang == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"

    def grouped(self, amount: str) -> str:
        """An amount as it was written, its thousands apart."""
        whole, point, rest = amount.partition(".")
        return f"{int(whole):,}{point}{rest}"

    def moment(self, at: datetime) -> str:
        """An instant as a local day and time."""
        local = at.astimezone(LOCAL)
        return f"{self.day(local.date())} {local:%H:%M}"

    def day_of(self, at: datetime) -> str:
        """The local day of an instant."""
        return self.day(at.astimezone(LOCAL).date())

    def last_day(self, due: datetime) -> str:
        """The last day of a deadline."""
        return self.day(last_local_day(due, LOCAL))
