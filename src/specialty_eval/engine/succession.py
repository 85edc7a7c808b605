"""Schools, specialties and catalogue entries that were merged, split, renamed or moved: recorded by two people.

What each act may say, and which rating a merged specialty has; what it does to rows is its action's work.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from .errors import Problem
from .machine import Step, Workflow
from .requirements import by_two_people, document_number_given, reason_given
from .roles import Role, roles
from .standing import StandingState
from .vocabulary import COLOURS, Rating


class Subject(StrEnum):
    """What is succeeded."""

    SPECIALTY = "specialty"
    SCHOOL = "school"
    CATALOGUE = "catalogue"


class Act(StrEnum):
    """How."""

    MERGED = "merged"
    SPLIT = "split"
    RENAMED = "renamed"
    MOVED = "moved"
    MAPPED = "mapped"


class SuccessionState(StrEnum):
    """Where a succession stands; a recorded one has happened."""

    PROPOSED = "proposed"
    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"


class SuccessionEvent(StrEnum):
    """What happens to a proposed succession."""

    RECORD = "record"
    WITHDRAW = "withdraw"


SUCCESSION_ENDED = frozenset({SuccessionState.RECORDED, SuccessionState.WITHDRAWN})
PROPOSES = roles(Role.SECRETARY, Role.ADMINISTRATOR)


# --- what a proposal says --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that succeeds another: `of` a specialty's or school's code, or an entry as `edition/code`."""

    of: str
    into: str = ""
    school: str = ""
    catalogue_code: str = ""
    direction: str | None = None
    name: str = ""
    county: str = ""
    code: str = ""
    specialties: tuple[str, ...] = ()

    def said(self) -> frozenset[str]:
        """The fields beside `of` that say something."""
        given = {name: getattr(self, name) for name in FIELDS}
        given["direction"] = self.direction is not None  # none any more is a direction too
        return frozenset(name for name, value in given.items() if value)


FIELDS = ("into", "school", "catalogue_code", "direction", "name", "county", "code", "specialties")
_BECOMES = frozenset({"catalogue_code", "direction", "name"})
SHAPES: Mapping[tuple[Subject, Act], tuple[frozenset[str], frozenset[str], frozenset[str]]] = {
    (Subject.SPECIALTY, Act.RENAMED): (frozenset(), _BECOMES, frozenset()),
    (Subject.SPECIALTY, Act.MOVED): (frozenset({"school"}), frozenset(), _BECOMES),
    (Subject.SPECIALTY, Act.MERGED): (frozenset({"into"}), frozenset(), frozenset()),
    (Subject.SPECIALTY, Act.SPLIT): (frozenset(), _BECOMES | {"school"}, frozenset()),
    (Subject.SCHOOL, Act.RENAMED): (frozenset(), frozenset({"code", "name"}), frozenset()),
    (Subject.SCHOOL, Act.MOVED): (frozenset({"county"}), frozenset(), frozenset()),
    (Subject.SCHOOL, Act.MERGED): (frozenset({"into"}), frozenset(), frozenset()),
    (Subject.SCHOOL, Act.SPLIT): (frozenset({"into", "specialties"}), frozenset(), frozenset()),
    (Subject.CATALOGUE, Act.MAPPED): (frozenset({"into"}), frozenset(), frozenset()),
}
"""(Subject, act) → what a line must say, of what it must say one thing at least, and what it may say besides."""
MOST_LINES = 200


def shape_problems(subject: Subject, act: Act, wanted: tuple[Wanted, ...]) -> list[Problem]:
    """Why these lines cannot be a succession of this kind, whatever is on record."""
    shape = SHAPES.get((subject, act))
    if shape is None:
        return [Problem("succession-of-no-kind", "act", {"subject": subject.value, "act": act.value})]
    if not 1 <= len(wanted) <= MOST_LINES:
        return [Problem("succession-lines-out-of-range", "lines", {"lines": len(wanted), "at_most": MOST_LINES})]
    found = []
    needed, one_of, besides = shape
    for number, line in enumerate(wanted):
        said, where = line.said(), f"lines[{number}]"
        missing = sorted(needed - said) or (sorted(one_of) if one_of and not said & one_of else [])
        if missing:
            found.append(Problem("succession-line-lacks", where, {"fields": missing}))
        if extra := sorted(said - needed - one_of - besides):
            found.append(Problem("succession-line-says-too-much", where, {"fields": extra}))
    of = [line.of for line in wanted]
    if act != Act.SPLIT and len(set(of)) != len(of):
        found.append(
            Problem("succession-twice-of-one", "lines", {"of": sorted({one for one in of if of.count(one) > 1})})
        )
    return found


# --- the rating and standing of what was merged ----------------------------------------------------------------------

_WORSE: Mapping[str, int] = {Rating.GREEN.value: 1, Rating.YELLOW.value: 2, Rating.RED.value: 3}
_HEAVIER = (
    StandingState.SUPPORTED,
    StandingState.NORMAL,
    StandingState.RESTRICTED,
    StandingState.PHASING_OUT,
    StandingState.SUSPENDED,
)


def is_worse(rating: Rating | None, than: Rating | None) -> bool:
    """Whether a rating in force stays rather than the other after a merger: what is no colour never does."""
    return _WORSE.get("" if rating is None else rating.value, 0) > _WORSE.get("" if than is None else than.value, 0)


def is_heavier(standing: str, than: str) -> bool:
    """Whether a standing allows less than the other."""
    return _HEAVIER.index(StandingState(standing)) > _HEAVIER.index(StandingState(than))


def colour_problems(kept: str, parts: Iterable[Rating | None]) -> list[Problem]:
    """Why the committee cannot have kept this rating: it is one that one of the parts has."""
    ratings = {rating.value for rating in parts if rating in COLOURS}
    if kept and kept not in ratings:
        return [Problem("rating-of-no-part", "keeps", {"value": kept, "one_of": sorted(ratings)})]
    return []


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SuccessionFacts:
    """What proposing and recording look at."""

    first_person: str = ""
    """Who proposed it, by id."""
    second_person: str = ""
    """Who records it now, by id."""
    effective_on: date = date.max
    today: date = date.min
    document_number: str = ""
    reason: str = ""
    unfit: tuple[Problem, ...] = field(default=())
    """Whatever stands in the way on record: reviews under way, codes in use, something that is not there any more."""


def _has_come(facts: SuccessionFacts) -> Iterable[Problem]:
    if facts.effective_on > facts.today:
        yield Problem("succession-not-yet", "effective_on", {"day": facts.effective_on.isoformat()})


def _nothing_stands_in_its_way(facts: SuccessionFacts) -> Iterable[Problem]:
    return facts.unfit


def objections_to_proposing(facts: SuccessionFacts) -> list[Problem]:
    """Every reason why a succession cannot be proposed now; its day may still be to come."""
    checks = (reason_given, document_number_given, _nothing_stands_in_its_way)
    return [problem for check in checks for problem in check(facts)]


_S, _E = SuccessionState, SuccessionEvent

SUCCESSION = Workflow[SuccessionFacts](
    "succession",
    SuccessionState,
    SuccessionState.PROPOSED,
    SUCCESSION_ENDED,
    [
        Step(
            _E.RECORD,
            _S.PROPOSED,
            _S.RECORDED,
            roles(Role.BUREAU_APPROVER),
            (by_two_people, _has_come, _nothing_stands_in_its_way),
            two_people=True,
        ),
        Step(_E.WITHDRAW, _S.PROPOSED, _S.WITHDRAWN, PROPOSES | {Role.BUREAU_APPROVER}, (reason_given,)),
    ],
)
