"""The committee's arithmetic: who counts, whether a vote is valid, and what it decides (policy.md, Consequences).

Base of the quorum: the members entitled on the item. Base of the majorities: those of them who are present; one who
abstains, or is present and gives no ballot, stays in it and votes for nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from .consequences import CommitteeRules
from .errors import Problem
from .policy import Cap
from .vocabulary import COLOURS, Rating


@dataclass(frozen=True, slots=True)
class Seat:
    """A member at one item of one meeting. `declared`: said either interest or none; not declared is not none.

    A substitute names in `stands_in_for` whose seat it takes: it counts while that member is recused or absent.
    `chair` marks who may settle a tie, the deputy included.
    """

    member: str
    sector: str
    present: bool = True
    recused: bool = False
    declared: bool = True
    stands_in_for: str = ""
    chair: bool = False


@dataclass(frozen=True, slots=True)
class Ballot:
    """One of a member's ballots on the item, counted from 1; the highest number counts. `choice` None abstains.

    `void`: a conflict was found later; the member leaves the bases as if recused from the beginning.
    """

    member: str
    number: int
    choice: Rating | None
    void: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the votes come to. Without `valid` there is no decision and `problems` say why."""

    valid: bool
    decision: Rating | None
    votes: Mapping[Rating, int] = field(default_factory=dict)
    abstentions: int = 0
    present: int = 0
    entitled: int = 0
    overrides: bool = False
    tied: tuple[Rating, ...] = ()
    """The ratings level at the top, where the chair had to settle it."""
    problems: tuple[Problem, ...] = ()


PARTNERS_APART = r"\s*[、；;，,/]\s*"
"""What stands between two partner enterprises in one text; a regular expression, for the database too."""


def composition_problems(rules: CommitteeRules, sectors: Mapping[str, str]) -> list[Problem]:
    """Why these members (id → sector) cannot be the committee."""
    counts = Counter(sectors.values())
    problems = [
        Problem("sector-unknown", f"members.{member}", {"sector": sector, "one_of": list(rules.sectors)})
        for member, sector in sectors.items()
        if sector not in rules.sectors
    ]
    return problems + _sector_problems(rules, counts, frozenset())


def entitled(seats: Sequence[Seat]) -> tuple[Seat, ...]:
    """The seats that count on this item: not recused; of a member and their substitute, one."""
    by_member = {seat.member: seat for seat in seats}
    replaced = set()
    standing_in = set()
    for seat in seats:
        if not seat.stands_in_for or seat.recused:
            continue
        other = by_member.get(seat.stands_in_for)
        if other is None or other.recused or (not other.present and seat.present):
            standing_in.add(seat.member)
            replaced.add(seat.stands_in_for)
    return tuple(
        seat
        for seat in seats
        if not seat.recused and seat.member not in replaced and (not seat.stands_in_for or seat.member in standing_in)
    )


def taking_part(seats: Sequence[Seat]) -> tuple[Seat, ...]:
    """The entitled seats whose members are present and have declared."""
    return tuple(seat for seat in entitled(seats) if seat.present and seat.declared)


def presence_problems(
    rules: CommitteeRules, seats: Sequence[Seat], waived: Collection[str] = frozenset()
) -> list[Problem]:
    """Why no valid vote is possible with these seats: the quorum, and each sector that is missing.

    A sector in `waived` (by the bureau, in writing) may be missing only where nobody of it is entitled.
    """
    base, here = entitled(seats), taking_part(seats)
    problems = []
    needed = _at_least(rules.quorum, len(base))
    if not here or len(here) < needed:
        facts = {"present": len(here), "entitled": len(base), "needed": max(needed, 1)}
        problems.append(Problem("quorum-missing", "seats", facts))
    with_members = {seat.sector for seat in base}
    excused = frozenset(sector for sector in waived if sector not in with_members)
    return problems + _sector_problems(rules, Counter(seat.sector for seat in here), excused)


def _sector_problems(rules: CommitteeRules, counts: Mapping[str, int], excused: Collection[str]) -> list[Problem]:
    return [
        Problem(
            "sector-missing",
            f"sectors.{sector}",
            {"sector": sector, "present": counts.get(sector, 0), "needed": rules.at_least_per_sector},
        )
        for sector in rules.sectors
        if counts.get(sector, 0) < rules.at_least_per_sector and sector not in excused
    ]


def ceiling(caps: Iterable[Cap], held: Collection[str]) -> Rating | None:
    """The best colour that the caps of these codes let through; None where none of them holds."""
    return max((cap.at_most for cap in caps if cap.code in held), key=COLOURS.index, default=None)


def choices(computed: Rating, *, at_most: Rating | None = None) -> tuple[Rating, ...]:
    """What a ballot may name: the computed rating, the colours and `unrated`.

    `unrated` and `incomplete` stand whatever the votes. `at_most` is the ceiling of the caps that hold, whether or not
    they changed the computed rating: no vote gets above it, nor past it by `unrated`.
    """
    if computed in {Rating.UNRATED, Rating.INCOMPLETE}:
        return (computed,)
    others = (*COLOURS, Rating.UNRATED) if at_most is None else COLOURS[COLOURS.index(at_most) :]
    return tuple(dict.fromkeys((computed, *others)))


def ballot_problems(
    seats: Sequence[Seat], member: str, choice: Rating | None, computed: Rating, *, at_most: Rating | None = None
) -> list[Problem]:
    """Why this member cannot give this ballot; that the vote is open is the item's state."""
    seat = next((seat for seat in seats if seat.member == member), None)
    if seat is None or (not seat.recused and seat not in entitled(seats)):
        return [Problem("not-seated", f"members.{member}")]
    if seat.recused:
        return [Problem("recused", f"members.{member}")]
    problems = []
    if not seat.present:
        problems.append(Problem("not-present", f"members.{member}"))
    if not seat.declared:
        problems.append(Problem("interest-not-declared", f"members.{member}"))
    possible = choices(computed, at_most=at_most)
    if choice is not None and choice not in possible:
        problems.append(Problem("choice-not-open", "choice", {"choice": choice.value, "one_of": list(possible)}))
    return problems


def outcome(
    rules: CommitteeRules,
    seats: Sequence[Seat],
    ballots: Sequence[Ballot],
    computed: Rating,
    at_most: Rating | None = None,
    *,
    waived: Collection[str] = frozenset(),
    reason: str = "",
    casting: Rating | None = None,
) -> Outcome:
    """What the committee decided. The computed rating stands unless another has the override majority and a reason.

    No vote gets above `at_most` (see `choices`). `reason` is the one that chair or secretary write for the public; what
    members write on their ballots is theirs and never serves. Among ratings level at the top, the chair settles it:
    `casting`, or else the chair's own ballot; where no chair takes part, nobody does.
    """
    void = {ballot.member for ballot in ballots if ballot.void}
    seats = [replace(seat, recused=True) if seat.member in void else seat for seat in seats]
    here = taking_part(seats)
    last = _last_ballots(ballots, {seat.member for seat in here})
    votes = Counter(ballot.choice for ballot in last if ballot.choice is not None)
    counted = Outcome(
        valid=False,
        decision=None,
        votes={rating: votes[rating] for rating in Rating if votes[rating]},
        abstentions=len(here) - votes.total(),
        present=len(here),
        entitled=len(entitled(seats)),
    )
    if problems := presence_problems(rules, seats, waived):
        return replace(counted, problems=tuple(problems))
    level = _level_at_the_top(rules, votes, computed, len(here), choices(computed, at_most=at_most))
    decision = _settle(level, here, last, casting)
    counted = replace(counted, tied=level if len(level) > 1 else ())
    if decision is None:
        tie = Problem("tie-for-the-chair", "casting", {"one_of": [rating.value for rating in level]})
        return replace(counted, problems=(tie,))
    overrides = decision != computed
    if overrides and not reason.strip():
        missing = Problem("override-reason-missing", "reason", {"computed": computed.value, "decision": decision.value})
        return replace(counted, problems=(missing,))
    return replace(counted, valid=True, decision=decision, overrides=overrides)


def passes(rules: CommitteeRules, seats: Sequence[Seat], votes_for: int) -> bool:
    """Whether any other motion (agreeing items together, rescinding, closing) is carried: more than the fraction."""
    return votes_for > rules.majority * len(taking_part(seats))


def was_decisive(  # noqa: PLR0913 -- as `outcome`
    rules: CommitteeRules,
    seats: Sequence[Seat],
    ballots: Sequence[Ballot],
    computed: Rating,
    at_most: Rating | None = None,
    *,
    member: str,
    waived: Collection[str] = frozenset(),
    reason: str = "",
    casting: Rating | None = None,
) -> bool:
    """Whether the item is void with this member's ballot: without them the vote is not valid or decides otherwise."""
    without = [replace(ballot, void=True) if ballot.member == member else ballot for ballot in ballots]
    unseated = [replace(seat, recused=True) if seat.member == member else seat for seat in seats]
    as_it_was = outcome(rules, seats, ballots, computed, at_most, waived=waived, reason=reason, casting=casting)
    as_it_is = outcome(rules, unseated, without, computed, at_most, waived=waived, reason=reason, casting=casting)
    return (as_it_was.valid, as_it_was.decision) != (as_it_is.valid, as_it_is.decision)


def _at_least(fraction: Fraction, base: int) -> int:
    """The smallest whole number that is at least so much of the base."""
    return -(-fraction.numerator * base // fraction.denominator)


def _last_ballots(ballots: Iterable[Ballot], members: Collection[str]) -> list[Ballot]:
    last: dict[str, Ballot] = {}
    for ballot in ballots:
        if ballot.member in members and (ballot.member not in last or ballot.number > last[ballot.member].number):
            last[ballot.member] = ballot
    return [last[member] for member in sorted(last)]


def _level_at_the_top(
    rules: CommitteeRules, votes: Mapping[Rating, int], computed: Rating, present: int, possible: Collection[Rating]
) -> tuple[Rating, ...]:
    """The ratings with the most votes among those that have the majority they need; the computed one needs none."""
    needed = _at_least(rules.override_needs, present)
    able = [r for r in votes if r != computed and r in possible and votes[r] >= max(needed, 1)]
    most = max((votes[rating] for rating in (*able, computed) if rating in votes), default=0)
    level = tuple(rating for rating in Rating if rating in (*able, computed) and votes.get(rating, 0) == most)
    return level if able else (computed,)


def _settle(
    level: Sequence[Rating], here: Sequence[Seat], last: Sequence[Ballot], casting: Rating | None
) -> Rating | None:
    if len(level) == 1:
        return level[0]
    chair = next((seat.member for seat in here if seat.chair), None)
    if chair is None:  # nobody is there to settle it, whatever was said
        return None
    own = next((ballot.choice for ballot in last if ballot.member == chair), None)
    return next((rating for rating in (casting, own) if rating in level), None)
