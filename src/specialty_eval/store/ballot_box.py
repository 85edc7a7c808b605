"""Sealed ballots: what the table holds while an item is voted on, and how it is opened at the close.

Each item has a key of its own, derived from the installation's secret, which is in no database. With the tables alone
nobody reads a ballot; at the close the item's key goes on record, and whoever has it can compare what was opened with
what was cast.
"""

import hmac
import json
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from os import urandom

import sqlalchemy as sa
from sqlalchemy.orm import Session

from specialty_eval.engine import committee
from specialty_eval.engine.errors import NotNow, Problem
from specialty_eval.engine.vocabulary import Rating

from .deliberation import Ballot
from .files import Files

ROOM = 1024
"""A ballot takes so many bytes, or twice as many, …: how long it is tells neither the choice nor the reason."""
NONCE = 12
ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True)
class Cast:
    """A ballot as its member gave it."""

    choice: str
    reason: str


def key_of(files: Files, item_id: int) -> bytes:
    """The key that opens this item's ballots and no other's."""
    return hmac.digest(files.secret(), f"ballots of item {item_id}".encode(), "sha256")


def sealed(key: bytes, place: tuple[int, int, int], cast: Cast) -> bytes:
    """What the table holds of a ballot; `place` (item, member, number) is bound into it."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 -- slow import

    said = json.dumps([cast.choice, cast.reason], ensure_ascii=False).encode()
    length = -(-(len(said) + 1) // ROOM) * ROOM
    nonce = urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, said.ljust(length), _bound(place))


def opened(key: bytes, place: tuple[int, int, int], box: bytes) -> Cast:
    """What was sealed there. NotNow where this key does not open it: another secret, or it was changed."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 -- slow import
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 -- slow import

    try:
        said = AESGCM(key).decrypt(box[:NONCE], box[NONCE:], _bound(place))
    except InvalidTag as error:
        raise NotNow(Problem("ballots-do-not-open", "ballots", {"item": place[0]})) from error
    choice, reason = json.loads(said)
    return Cast(choice, reason)


def _bound(place: tuple[int, int, int]) -> bytes:
    return json.dumps(place).encode()


def digest_of(box: bytes) -> str:
    """What an event may say of a sealed ballot: the same ballot gives another one each time."""
    return sha256(box).hexdigest()


def read(files: Files, ballot: Ballot) -> Cast:
    """A ballot, sealed or on record."""
    if ballot.choice is not None:
        return Cast(ballot.choice, ballot.reason)
    return opened(
        key_of(files, ballot.item_id), (ballot.item_id, ballot.member_id, ballot.number), ballot.sealed or b""
    )


def open_item(session: Session, files: Files, item_id: int) -> None:
    """Put an item's sealed ballots on record: it closes in this transaction."""
    shut = sa.select(Ballot).where(Ballot.item_id == item_id, Ballot.choice.is_(None)).order_by(Ballot.id)
    for ballot in session.scalars(shut):
        cast = read(files, ballot)
        ballot.choice, ballot.reason = cast.choice, cast.reason
    session.flush()


def ballots_of(session: Session, files: Files, item_ids: Collection[int]) -> dict[int, list[committee.Ballot]]:
    """Item → its ballots as the arithmetic reads them, each of a member's in order."""
    found = sa.select(Ballot).where(Ballot.item_id.in_(item_ids))
    by_item: dict[int, list[committee.Ballot]] = {item: [] for item in item_ids}
    for ballot in session.scalars(found.order_by(Ballot.item_id, Ballot.member_id, Ballot.number)):
        cast = read(files, ballot)
        choice = None if cast.choice == ABSTAIN else Rating(cast.choice)
        by_item[ballot.item_id].append(committee.Ballot(str(ballot.member_id), ballot.number, choice, ballot.void))
    return by_item
