"""Questions about webhooks: whose turn it is, what is next for an endpoint, what was delivered."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from .accounts import RoleGrant
from .feed_queries import Place
from .ledger import Event, is_settled
from .registry import Organisation
from .webhooks import WebhookAttempt, WebhookEndpoint, WebhookMessage

FORGOTTEN_AT_ONCE = 500
LEASE = timedelta(minutes=2)
"""How long a worker has an endpoint without a word: longer than any attempt."""

TEST = "webhook.test"
"""The kind of event that one endpoint alone is told of."""


def areas_of(session: Session, key_id: int) -> Sequence[str]:
    """The areas in which a machine's key holds a role, or held one."""
    found = sa.select(Organisation.jurisdiction_code).join(RoleGrant, RoleGrant.organisation_id == Organisation.id)
    return session.scalars(found.where(RoleGrant.api_key_id == key_id).distinct()).all()


def of_key(session: Session, key_id: int) -> Sequence[WebhookEndpoint]:
    """A key's endpoints that have not ended."""
    alive = sa.select(WebhookEndpoint).where(WebhookEndpoint.api_key_id == key_id, WebhookEndpoint.ended_at.is_(None))
    return session.scalars(alive.order_by(WebhookEndpoint.id)).all()


def of_areas(session: Session, areas: sa.Select[str]) -> Sequence[WebhookEndpoint]:
    """The endpoints of the keys that hold or held a role in these areas."""
    keys = (
        sa.select(RoleGrant.api_key_id)
        .join(Organisation, Organisation.id == RoleGrant.organisation_id)
        .where(Organisation.jurisdiction_code.in_(areas), RoleGrant.api_key_id.is_not(None))
    )
    found = sa.select(WebhookEndpoint).where(WebhookEndpoint.api_key_id.in_(keys), WebhookEndpoint.ended_at.is_(None))
    return session.scalars(found.order_by(WebhookEndpoint.id)).all()


def claimed(session: Session, now: datetime, until: datetime, end: Place, limit: int) -> Sequence[int]:
    """Endpoints that have something to do, taken until then; who was not served for the longest comes first."""
    message, endpoint = WebhookMessage, WebhookEndpoint
    # OFFSET 0: of each endpoint the first that waits is looked for, by the index on those that do.
    due = sa.select(message.id).where(message.endpoint_id == endpoint.id, message.next_at <= now)
    waiting = due.correlate(endpoint).offset(0).exists()
    behind = sa.tuple_(endpoint.transaction, endpoint.seq) < sa.tuple_(
        sa.literal(end.transaction, sa.BigInteger), sa.literal(end.seq, sa.BigInteger)
    )
    turn = (
        sa.select(endpoint.id)
        .where(
            endpoint.ended_at.is_(None),
            endpoint.disabled_at.is_(None),
            sa.or_(endpoint.lease_until.is_(None), endpoint.lease_until <= now),
            sa.or_(
                sa.and_(endpoint.retry_at.is_(None), sa.or_(waiting, behind)),
                endpoint.retry_at <= now,
            ),
        )
        .order_by(endpoint.served_at.nulls_first(), endpoint.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = sa.update(endpoint).where(endpoint.id.in_(turn)).values(lease_until=until, served_at=now)
    return session.scalars(taken.returning(endpoint.id)).all()


def is_due(session: Session, endpoint_id: int, now: datetime) -> bool:
    """Whether a message for an endpoint is to be sent now; one that waits to be sent again is not."""
    due = sa.exists().where(WebhookMessage.endpoint_id == endpoint_id, WebhookMessage.next_at <= now)
    return bool(session.scalar(sa.select(due)))


def waiting(session: Session, endpoint_id: int) -> int:
    """How many messages for an endpoint are on their way."""
    found = sa.select(sa.func.count()).select_from(WebhookMessage)
    return session.scalars(
        found.where(WebhookMessage.endpoint_id == endpoint_id, WebhookMessage.next_at.is_not(None))
    ).one()


def add(session: Session, endpoint_id: int, seqs: Sequence[int], now: datetime) -> None:
    """Events that are to be delivered now; one that is on its way already is not another."""
    if seqs:
        rows = [{"endpoint_id": endpoint_id, "event_seq": seq, "created_at": now, "next_at": now} for seq in seqs]
        session.execute(insert(WebhookMessage).on_conflict_do_nothing(), rows)


def next_of(session: Session, endpoint_id: int, now: datetime, *, is_probe: bool) -> WebhookMessage | None:
    """The oldest message that is due; to find out whether anybody is there, else the oldest that waits."""
    found = sa.select(WebhookMessage).where(
        WebhookMessage.endpoint_id == endpoint_id, WebhookMessage.next_at.is_not(None)
    )
    if not is_probe:
        found = found.where(WebhookMessage.next_at <= now)
    return session.scalars(found.order_by(WebhookMessage.next_at > now, WebhookMessage.id).limit(1)).first()


def send_again(session: Session, endpoint_id: int, now: datetime) -> None:
    """What waits for its time is due now: whoever was away is there again."""
    waits = sa.update(WebhookMessage).where(WebhookMessage.endpoint_id == endpoint_id, WebhookMessage.next_at > now)
    session.execute(waits.values(next_at=now))


def refused_since(session: Session, endpoint_id: int, since: datetime) -> int:
    """How many messages were refused and not taken afterwards, of those that waited then or later."""
    refused = sa.select(sa.func.count(WebhookMessage.id)).where(
        WebhookMessage.endpoint_id == endpoint_id,
        WebhookMessage.refused > 0,
        sa.or_(WebhookMessage.next_at.is_not(None), WebhookMessage.given_up_at >= since),
    )
    return session.scalars(refused).one()


def give_up(session: Session, endpoint_id: int, now: datetime) -> None:
    """Nothing that waits is sent."""
    waits = sa.update(WebhookMessage).where(
        WebhookMessage.endpoint_id == endpoint_id, WebhookMessage.next_at.is_not(None)
    )
    session.execute(waits.values(next_at=None, given_up_at=now))


def revive(session: Session, endpoint_id: int, now: datetime) -> int:
    """What was given up is sent again; how many."""
    given_up = sa.update(WebhookMessage).where(
        WebhookMessage.endpoint_id == endpoint_id, WebhookMessage.given_up_at.is_not(None)
    )
    again = given_up.values(given_up_at=None, next_at=now, refused=0).returning(WebhookMessage.id)
    return len(session.scalars(again).all())


def undelivered_since(session: Session) -> datetime | None:
    """When the oldest event happened that an endpoint that is served waits for; None when none waits.

    On its way, or not even that: what is behind an endpoint's place nobody has looked at for it yet.
    """
    message, endpoint = WebhookMessage, WebhookEndpoint
    place = sa.tuple_(endpoint.transaction, endpoint.seq)
    # Of each endpoint the first by index.
    on_its_way = (
        sa.select(Event.at)
        .join(message, message.event_seq == Event.seq)
        .where(message.endpoint_id == endpoint.id, message.next_at.is_not(None))
        .order_by(message.id)
    )
    unseen = sa.select(Event.at).where(sa.tuple_(Event.transaction, Event.seq) > place, is_settled())
    unseen = unseen.order_by(Event.transaction, Event.seq)
    firsts = [one.limit(1).correlate(endpoint).scalar_subquery() for one in (on_its_way, unseen)]
    oldest: sa.ColumnElement[datetime | None] = sa.func.min(sa.func.least(*firsts))
    return session.scalar(sa.select(oldest).where(endpoint.ended_at.is_(None), endpoint.disabled_at.is_(None)))


def attempts(session: Session, messages: Sequence[int]) -> dict[int, list[WebhookAttempt]]:
    """Message → its attempts, oldest first."""
    found: dict[int, list[WebhookAttempt]] = {}
    rows = sa.select(WebhookAttempt).where(WebhookAttempt.message_id.in_(messages)).order_by(WebhookAttempt.id)
    for row in session.scalars(rows):
        found.setdefault(row.message_id, []).append(row)
    return found


def forget(session: Session, before: datetime) -> None:
    """What was done with before then, some at a time: by index, however many there are."""
    done_at = sa.func.coalesce(WebhookMessage.delivered_at, WebhookMessage.given_up_at)
    done = sa.select(WebhookMessage.id).where(done_at < before).order_by(done_at).limit(FORGOTTEN_AT_ONCE)
    while gone := session.scalars(done).all():
        session.execute(sa.delete(WebhookAttempt).where(WebhookAttempt.message_id.in_(gone)))
        session.execute(sa.delete(WebhookMessage).where(WebhookMessage.id.in_(gone)))


def newest_test(session: Session, endpoint_id: int) -> int:
    """The event of the test asked for last."""
    return session.execute(sa.select(sa.func.max(Event.seq)).where(is_test_of(endpoint_id))).scalar_one()


def is_test_of(endpoint_id: int) -> sa.ColumnElement[bool]:
    """Of a row of Event: whether it is a test of this endpoint."""
    own = sa.and_(Event.subject_kind == WebhookEndpoint.__tablename__, Event.subject_id == endpoint_id)
    return sa.and_(own, Event.kind == TEST)
