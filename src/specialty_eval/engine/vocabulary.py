"""The few words a policy, a score and a decision share: ratings, kinds of values, labels."""

from collections.abc import Collection, Mapping
from enum import StrEnum


class Rating(StrEnum):
    """What a specialty can be rated, best first; the last two are no colour."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNRATED = "unrated"
    INCOMPLETE = "incomplete"


COLOURS = (Rating.GREEN, Rating.YELLOW, Rating.RED)
"""The ratings that quotas, caps and history look at, best first."""


class Type(StrEnum):
    """What kind of value a measure or an attribute has."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CHOICE = "choice"


class Publish(StrEnum):
    """Who may see a measure's value."""

    PUBLIC = "public"
    OWN = "own"
    RESTRICTED = "restricted"


class Missing(StrEnum):
    """What an indicator whose value is not reported does."""

    ZERO = "zero"
    EXCLUDE = "exclude"
    BLOCK = "block"


Label = Mapping[str, str]
"""Language code (`zh`, `en`) → text."""

OPTIONS = {
    "none": "无", "city": "市级", "province": "省级", "nation": "国家级",
    "compliant": "合规", "minor_breach": "轻微违规", "grave_breach": "严重违规",
}  # fmt: skip
"""What the shipped policies' options are called in Chinese: a policy has codes of options, and no words for them."""


def options_called(options: Collection[str]) -> dict[str, str]:
    """Option → what people read for it; one whose word could mean another of them too stays as the policy writes it."""
    words = [OPTIONS.get(option, option) for option in options]
    return {option: word if words.count(word) == 1 else option for option, word in zip(options, words, strict=True)}
