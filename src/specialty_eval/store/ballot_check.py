"""Whether the ballots on record are those that were sealed when they were cast, and whether the log knows each of them.

It rests on three things that were written at different times: the sealed ballot, its digest in the event of that moment
(and so in the chain of seals), and the item's key, told at the close.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine.errors import NotNow, Problem

from . import ballot_box
from .deliberation import Ballot, MeetingItem
from .ledger import Event

CAST = "item.cast"


@dataclass(frozen=True, slots=True)
class Compared:
    """How many ballots were compared, of how many items, and everything that differs."""

    items: int
    ballots: int
    problems: tuple[Problem, ...]


def compare(session: Session) -> Compared:
    """Compare every ballot that was cast sealed. What was agreed together or recorded from paper was never sealed."""
    cast: dict[int, Counter[str]] = {}
    digest_told = Event.facts["sealed"].astext
    told = sa.select(Event.subject_id, digest_told).where(Event.kind == CAST, digest_told.is_not(None))
    for item, digest in session.execute(told):
        cast.setdefault(item, Counter())[digest] += 1
    found = (
        sa.select(Ballot, MeetingItem.ballot_key)
        .join(MeetingItem, MeetingItem.id == Ballot.item_id)
        .where(sa.or_(Ballot.item_id.in_(cast), Ballot.sealed.is_not(None)))
        .order_by(Ballot.item_id, Ballot.id)
    )
    rows = session.execute(found).all()
    problems: list[Problem] = []
    for item, of_item in groupby(rows, lambda row: row[0].item_id):
        kept = list(of_item)
        problems += _of_item([ballot for ballot, _ in kept], kept[0][1], cast.pop(item, Counter()))
    problems += [Problem("ballots-gone", f"items.{item}", {"ballots": log.total()}) for item, log in cast.items()]
    return Compared(len({ballot.item_id for ballot, _ in rows}), len(rows), tuple(problems))


def _of_item(ballots: list[Ballot], key: bytes | None, log: Counter[str]) -> Iterator[Problem]:
    for ballot in ballots:
        where = f"items.{ballot.item_id} members.{ballot.member_id} ballots.{ballot.number}"
        digest = None if ballot.sealed is None else ballot_box.digest_of(ballot.sealed)
        if digest is None or not log[digest]:
            yield Problem("ballot-not-in-the-log", where)
        else:
            log[digest] -= 1
        if ballot.choice is not None and not _is_as_sealed(ballot, key):
            yield Problem("ballot-differs", where)
    if left := log.total():
        yield Problem("ballots-gone", f"items.{ballots[0].item_id}", {"ballots": left})


def _is_as_sealed(ballot: Ballot, key: bytes | None) -> bool:
    """Whether what stands open is what was sealed. A reason may have been erased since, never changed."""
    if ballot.sealed is None or key is None:
        return False
    try:
        cast = ballot_box.opened(key, (ballot.item_id, ballot.member_id, ballot.number), ballot.sealed)
    except NotNow:
        return False
    return cast.choice == ballot.choice and ballot.reason in {"", cast.reason}
