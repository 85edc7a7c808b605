"""Everything the rules can object to. No HTTP, no wording: a code, where it was found, and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule: a stable kebab-case code, where it was found, and the facts a message needs.

    `where` is a path a client can use (`measures.graduates`, `row 17, column F`); facts are values, never sentences.
    """

    code: str
    where: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer of the rules, not an error of the program
    """The rules say no, with every reason at once. Adapters turn `kind` into a status and codes into words."""

    kind = "refused"

    def __init__(self, *problems: Problem) -> None:
        super().__init__(", ".join(f"{p.code} {p.where}".strip() for p in problems))
        self.problems = problems


class Invalid(Refusal):
    """A value breaks a rule."""

    kind = "invalid"


class NotNow(Refusal):
    """The state, the clock, a quorum or a changed version is in the way."""

    kind = "not_now"


class Changed(NotNow):
    """The caller's version (`If-Match`) is no longer the current one."""

    kind = "changed"


class NotYou(Refusal):
    """The caller holds no role that allows it here."""

    kind = "not_you"


class NotSignedIn(Refusal):
    """There is no caller, or its credentials do not hold."""

    kind = "not_signed_in"


class NotFound(Refusal):
    """There is no such thing, or the caller may not know that there is."""

    kind = "not_found"


class Gone(Refusal):
    """What is asked for was there once, and is not offered any more."""

    kind = "gone"


class TooLarge(Refusal):
    """A body, sheet or file beyond its limit, refused unread."""

    kind = "too_large"


class TooMany(Refusal):
    """More requests than one caller may send; later ones are taken again."""

    kind = "too_many"


class TryAgain(Refusal):
    """A lock or serialization conflict; the same request may succeed."""

    kind = "try_again"
