"""The few words a policy, a score and a decision share: ratings, kinds of values, labels."""

from collections.abc import Mapping
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
