"""Deliveries to real receivers: signed, in order, never lost, twice only under one id, nobody held up by another."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from jsonschema import Draft202012Validator
from sqlalchemy.orm import Session

from e2e.server import serving
from factories import City, make_city
from factories_rights import other_city
from receiving import LOOPBACK, Receiver, Sent, receiving, says
from specialty_eval.actions import accounts, deliveries, health, seals, webhooks
from specialty_eval.actions.context import Context, Note
from specialty_eval.actions.deliveries import Came
from specialty_eval.actions.paging import Page
from specialty_eval.actions.webhooks import Wanted
from specialty_eval.delivering import Carrier
from specialty_eval.engine.errors import Gone, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.event_schema import event_schema
from specialty_eval.engine.permissions import Actor, Role
from specialty_eval.engine.webhooks import RETRIES, Algorithm
from specialty_eval.outgoing import Caller
from specialty_eval.store import ledger
from specialty_eval.store.accounts import RoleGrant
from specialty_eval.store.base import make_engine, make_sessions
from specialty_eval.store.ledger import Event
from specialty_eval.store.registry import Specialty
from specialty_eval.store.webhooks import WebhookEndpoint
from specialty_eval.worker import work
from specialty_eval_client.webhooks import NotGenuine, verify

NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, and is quickly made: these receivers speak plainly."""
EVER = datetime(2000, 1, 1).astimezone()


@dataclass
class Town:
    """A city whose machines have endpoints; everything is committed, and time is the test's."""

    city: City
    engine: sa.Engine
    keys: dict[str, int] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        return self.city.session

    def machine(self, name: str, role: Role | None = Role.INTEGRATION, at: str = "one") -> int:
        """A key, with a role at an organisation or none."""
        admin = self.city.as_("administrator")
        key, _ = accounts.create_key(admin, name)
        if role is not None:
            accounts.grant_role(admin, role, self.city.schools[at], valid_from=date(2020, 1, 1), api_key_id=key.id)
        self.keys[name] = key.id
        self.settle()
        return key.id

    def as_(self, name: str) -> Context:
        """The machine acts."""
        owner = accounts.actor_of_key(self.city.clock(), self.keys[name]) or Actor()
        return Context(self.session, owner, self.city.now, self.city.files)

    def endpoint(self, name: str, url: str, *types: str, algorithm: Algorithm = Algorithm.HMAC) -> tuple[int, str]:
        """An endpoint of a machine, and its secret."""
        row, secret = webhooks.create(self.as_(name), Wanted(url, types, LOOPBACK), algorithm)
        self.settle()
        return row.id, secret

    def happens(self, times: int = 1, audience: str = "public", short: str = "one-a", first: int = 0) -> None:
        """So many events of a specialty, numbered."""
        subject = self.session.get_one(Specialty, self.city.specialties[short])
        for n in range(first, first + times):
            note = Note(audience=audience, told={"partner": {"from": "", "to": str(n)}}, specialty_id=subject.id)
            self.city.as_("secretary").record("specialty.change", subject, note)
        self.settle()

    def settle(self) -> None:
        """Commit, and wait until nothing that runs on the server began before."""
        self.session.commit()
        until = time.monotonic() + 60
        while not self.session.scalar(sa.select(sa.func.bool_and(ledger.is_settled())).select_from(Event)):
            self.session.rollback()
            assert time.monotonic() < until
            time.sleep(0.02)
        self.session.rollback()
        self.session.expire_all()

    def carrier(self, seconds: float = 5) -> Carrier:
        return Carrier(
            make_sessions(self.engine),
            self.city.files,
            lambda: self.city.now,
            Caller(LOOPBACK, seconds=seconds, trust=NOBODY),
        )

    def deliver(self, seconds: float = 5) -> int:
        """Everything that is due now."""
        self.settle()
        sent = asyncio.run(self.carrier(seconds).once())
        self.session.expire_all()
        return sent

    def wait(self, **time_: float) -> None:
        self.city.now += timedelta(**time_)

    def log(self, name: str, endpoint_id: int) -> list[dict[str, object]]:
        found, _ = webhooks.messages(self.as_(name), endpoint_id, Page(500))
        self.session.rollback()
        return found


@pytest.fixture
def town(quiet_database: str) -> Iterator[Town]:
    engine = make_engine(quiet_database, pool_size=8)
    with Session(engine, expire_on_commit=False) as session:
        town = Town(make_city(session), engine)
        town.machine("school")
        town.machine("public", None)
        yield town
    engine.dispose()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def numbers(sent: list[Sent]) -> list[int]:
    return [int(json.loads(one.body)["data"]["facts"]["partner"]["to"]) for one in sent]


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_each_event_arrives_once_in_order_signed_and_of_its_schema(town: Town, receiver: Receiver) -> None:
    town.happens(1)  # before there was an endpoint
    _, secret = town.endpoint("school", receiver.url(), "specialty.*")
    town.happens(30, first=1)
    assert town.deliver() == 30
    assert town.deliver() == 0

    schema = Draft202012Validator(event_schema())
    assert numbers(receiver.sent) == list(range(1, 31))
    for one in receiver.sent:
        event = verify(one.body, one.headers, secret, now=town.city.now.timestamp())
        assert (one.headers["webhook-id"], one.headers["content-type"]) == (
            f"evt_{event['id']}", "application/cloudevents+json",
        )  # fmt: skip
        assert list(schema.iter_errors(event)) == []
    with pytest.raises(NotGenuine):
        verify(one.body + b" ", one.headers, secret, now=town.city.now.timestamp())


def test_a_machine_is_told_what_its_school_is_told_and_nothing_of_others(town: Town) -> None:
    with receiving() as school, receiving() as public:
        town.endpoint("school", school.url(), "specialty.*")
        town.endpoint("public", public.url(), "specialty.*")
        town.happens(1, "public", "one-a", 0)
        town.happens(1, "school", "one-a", 1)
        town.happens(1, "school", "two-a", 2)
        town.happens(1, "office", "one-a", 3)
        town.happens(1, "sealed", "one-a", 4)
        town.deliver()
        assert (numbers(school.sent), numbers(public.sent)) == ([0, 1], [0])


def test_a_public_key_verifies_and_two_secrets_sign_while_they_rotate(town: Town, receiver: Receiver) -> None:
    at, public = town.endpoint("school", receiver.url(), "specialty.*", algorithm=Algorithm.ED25519)
    town.happens()
    town.deliver()
    assert public.startswith("whpk_")
    verify(receiver.sent[-1].body, receiver.sent[-1].headers, public, now=town.city.now.timestamp())

    _, newer = webhooks.rotate(town.as_("school"), at)
    town.happens()
    town.deliver()
    for one in (public, newer):
        verify(receiver.sent[-1].body, receiver.sent[-1].headers, one, now=town.city.now.timestamp())
    town.wait(hours=25)
    town.happens()
    town.deliver()
    verify(receiver.sent[-1].body, receiver.sent[-1].headers, newer, now=town.city.now.timestamp())
    with pytest.raises(NotGenuine):
        verify(receiver.sent[-1].body, receiver.sent[-1].headers, public, now=town.city.now.timestamp())


def test_a_test_event_is_its_own_endpoints_alone(town: Town) -> None:
    with receiving() as one, receiving() as other:
        at, _ = town.endpoint("school", one.url(), "specialty.*")
        town.endpoint("school", other.url())
        webhooks.test(town.as_("school"), at)
        town.deliver()
        assert [json.loads(sent.body)["type"] for sent in one.sent] == ["specialty-eval.webhook.test"]
        assert other.sent == []


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_message_that_is_refused_is_tried_for_three_days_under_one_id_and_others_pass(
    town: Town, receiver: Receiver
) -> None:
    def answer(request: object, sent: Sent) -> None:
        says(422 if numbers([sent]) == [0] else 204, b"no")(request, sent)  # type: ignore[arg-type]  # a handler

    receiver.answer = answer
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    town.happens(3)
    town.deliver()
    assert numbers(receiver.sent) == [0, 1, 2]
    for wait in RETRIES:
        town.deliver()
        town.wait(seconds=wait.total_seconds() * 1.1 + 1)
        town.happens(1, first=5)  # the endpoint is there: it is only this one that it will not have
        town.deliver()

    refused = [one for one in receiver.sent if numbers([one]) == [0]]
    assert len(refused) == 1 + len(RETRIES)
    assert len({one.headers["webhook-id"] for one in refused}) == 1
    [first, *_] = town.log("school", at)
    assert (first["attempts"], first["next_at"], first["given_up_at"] is None) == (10, None, False)
    assert {(one["status"], one["answer"]) for one in first["tried"]} == {(422, "no")}  # type: ignore[attr-defined]  # a list

    receiver.answer = says(200)
    assert webhooks.replay_given_up(town.as_("school"), at) == 1
    town.deliver()
    assert receiver.sent[-1].headers["webhook-id"] == refused[0].headers["webhook-id"]
    webhooks.replay(town.as_("school"), at, first["id"])  # type: ignore[arg-type]  # a number
    town.deliver()
    assert receiver.sent[-1].headers["webhook-id"] == refused[0].headers["webhook-id"]


def test_after_thirty_hours_away_everything_comes_in_order_and_once(town: Town, receiver: Receiver) -> None:
    town.endpoint("school", receiver.url(), "specialty.*")
    receiver.answer = says(503)
    count = 0
    for _ in range(20):
        town.happens(3, first=count)
        count += 3
        town.deliver()
        town.wait(minutes=90)
    tried, ids = len(receiver.sent), set(receiver.ids)
    assert (tried <= 20, len(ids)) == (True, 1)  # one probe at a time, of the message that is next

    receiver.answer = says(200)
    receiver.sent.clear()
    town.wait(hours=2)
    town.deliver()
    assert numbers(receiver.sent) == list(range(count))
    assert len(set(receiver.ids)) == count


def test_what_was_sent_but_not_put_on_record_is_sent_again_under_the_same_id(town: Town, receiver: Receiver) -> None:
    """A worker that was killed between the answer and its transaction."""
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    town.happens()
    ctx = town.city.clock()
    assert deliveries.claim(ctx, 10) == [at]
    assert deliveries.following(ctx, at) is not None
    town.settle()
    assert town.deliver() == 0  # it is that worker's, as far as anybody knows
    town.wait(minutes=3)
    town.deliver()
    assert len(receiver.sent) == 1
    parcel_ids = receiver.ids
    webhooks.replay(town.as_("school"), at, 1)
    town.deliver()
    assert receiver.ids == parcel_ids * 2


def test_gone_disables_and_enabling_goes_on_where_it_ended(town: Town, receiver: Receiver) -> None:
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    receiver.answer = says(410)
    town.happens(3)
    town.deliver()
    assert len(receiver.sent) == 1
    assert webhooks.shown(town.as_("school"), webhooks.found(town.as_("school"), at))["disabled_for"] == "gone"
    with pytest.raises(NotNow):
        webhooks.test(town.as_("school"), at)
    town.session.rollback()

    receiver.answer = says(200)
    receiver.sent.clear()
    town.happens(1, first=3)
    webhooks.enable(town.as_("school"), at, offered_since=EVER, from_now=False)
    town.deliver()
    assert numbers(receiver.sent) == [0, 1, 2, 3]


def test_three_days_without_any_success_disable_and_nothing_is_lost(town: Town, receiver: Receiver) -> None:
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    receiver.answer = says(500)
    town.happens(8)
    for _ in range(26):
        town.deliver()
        town.wait(hours=3)
    row = webhooks.found(town.as_("school"), at)
    assert row.disabled_for == "failing"
    town.session.rollback()

    receiver.answer = says(200)
    receiver.sent.clear()
    webhooks.enable(town.as_("school"), at, offered_since=EVER, from_now=False)
    webhooks.replay_given_up(town.as_("school"), at)
    town.deliver()
    assert sorted(numbers(receiver.sent)) == list(range(8))


def test_since_when_something_waits_to_be_delivered_is_told(town: Town, receiver: Receiver) -> None:
    def since() -> datetime | None:
        town.settle()
        return health.of_worker(town.city.as_("administrator")).undelivered_since

    town.endpoint("school", receiver.url(), "specialty.*")
    town.deliver()
    assert since() is None
    town.happens()
    begun = town.city.now
    town.wait(hours=1)
    assert since() == begun  # nobody has even looked
    receiver.answer = says(500)
    town.deliver()
    assert since() == begun
    receiver.answer = says(200)
    town.wait(hours=1)
    town.deliver()
    assert since() is None


def test_a_single_message_that_is_refused_disables_nobody(town: Town, receiver: Receiver) -> None:
    """In a quiet week it is all there is: whoever refuses it is there, and the message may be what is wrong."""
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    receiver.answer = says(422)
    town.happens(1)
    for _ in range(30):
        town.deliver()
        town.wait(hours=4)
    row = webhooks.found(town.as_("school"), at)
    assert (row.disabled_at, len({sent.headers["webhook-id"] for sent in receiver.sent})) == (None, 1)
    town.session.rollback()
    town.happens(4, first=1)
    for _ in range(5):  # some more, after days in which nothing was tried: their failing days begin with them
        town.deliver()
        town.wait(hours=4)
    assert webhooks.found(town.as_("school"), at).disabled_at is None
    town.session.rollback()
    for _ in range(16):
        town.deliver()
        town.wait(hours=4)
    assert webhooks.found(town.as_("school"), at).disabled_for == "failing"


def test_days_in_which_nothing_was_tried_are_none_of_the_three(town: Town, receiver: Receiver) -> None:
    """Nobody there once, then no carrier for a week: the next failure is the first of its days."""
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    receiver.answer = says(503)
    town.happens(1)
    for _ in range(2):
        town.deliver()
        town.wait(days=7)
    row = webhooks.found(town.as_("school"), at)
    assert (row.disabled_at, row.failures) == (None, 1)
    town.session.rollback()
    for _ in range(20):
        town.wait(hours=4)
        town.deliver()
    assert webhooks.found(town.as_("school"), at).disabled_for == "failing"


def test_enabling_says_so_when_some_of_what_was_missed_is_not_offered_any_more(town: Town, receiver: Receiver) -> None:
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    webhooks.disable(town.as_("school"), at)
    town.happens(2)
    seals.seal(town.city.clock())
    town.settle()
    town.wait(days=1)
    with pytest.raises(Gone):
        webhooks.enable(town.as_("school"), at, offered_since=town.city.now, from_now=False)
    town.session.rollback()
    webhooks.enable(town.as_("school"), at, offered_since=town.city.now, from_now=True)
    town.happens(1, first=2)
    town.deliver()
    assert numbers(receiver.sent) == [2]


def test_a_key_that_ends_is_sent_nothing_and_a_role_that_ends_takes_its_events(town: Town, receiver: Receiver) -> None:
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    town.happens(2, "school")
    ctx = town.city.clock()
    town.session.execute(sa.update(RoleGrant).where(RoleGrant.api_key_id == town.keys["school"])
                         .values(ended_at=ctx.now, valid_to=ctx.today))  # fmt: skip
    town.happens(1, "public", first=2)
    town.deliver()
    assert numbers(receiver.sent) == [2]

    accounts.end_key(town.city.as_("administrator"), town.keys["school"])
    town.happens(1, "public")
    town.deliver()
    assert len(receiver.sent) == 1
    row = webhooks.found(town.city.as_("administrator"), at)
    assert row.disabled_for == "key-ended"


def test_a_secret_that_cannot_be_opened_any_more_disables(town: Town, receiver: Receiver) -> None:
    at, secret = town.endpoint("school", receiver.url(), "specialty.*")
    kept = town.city.files.folder / webhooks.KEY_FILE
    assert kept.stat().st_mode & 0o777 == 0o600
    row = webhooks.found(town.as_("school"), at)
    assert secret.encode() not in row.secret
    kept.write_bytes(b"x" * 32)
    town.happens()
    town.deliver()
    town.session.refresh(row)
    assert (receiver.sent, row.disabled_for) == ([], "secret-unreadable")


def test_a_fault_with_one_endpoint_or_message_ends_its_own_turn_and_is_on_record(
    town: Town, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving() as other:
        at, _ = town.endpoint("school", receiver.url(), "specialty.*")
        town.endpoint("public", other.url(), "specialty.*")
        town.happens(2)
        town.session.get_one(WebhookEndpoint, at).url = "https://[1.2.3.4.5]/"  # as it was once taken
        town.deliver()
        assert (numbers(other.sent), receiver.sent) == ([0, 1], [])
        [first, _] = town.log("school", at)
        assert [one["problem"] for one in first["tried"]] == ["webhook-url-wrong"]  # type: ignore[attr-defined]  # a list

        webhooks.change(town.as_("school"), at, Wanted(receiver.url(), ("specialty.*",), LOOPBACK))
        webhooks.enable(town.as_("school"), at, offered_since=EVER, from_now=False)
        failing = town.carrier()
        failing.caller.resolve = None  # type: ignore[assignment]  # a fault of ours, wherever it lies
        town.happens(1, first=2)
        asyncio.run(failing.once())
        town.session.expire_all()
        assert town.log("school", at)[0]["tried"][-1]["problem"] == "webhook-not-sent"  # type: ignore[index]  # a list
    assert "TypeError" in capsys.readouterr().err


def test_a_fault_of_the_records_ends_one_turn_and_the_others_go_on(
    town: Town, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    with receiving() as other:
        at, _ = town.endpoint("school", other.url(), "specialty.*")
        town.endpoint("public", receiver.url(), "specialty.*")
        town.happens(2)
        other.answer = lambda request, sent: _forget(town, request, sent)
        town.deliver()
        assert (numbers(receiver.sent), len(other.sent)) == ([0, 1], 1)
    assert "NotFound" in capsys.readouterr().err
    assert town.session.get_one(WebhookEndpoint, at).lease_until is not None  # as long as that it waits


def _forget(town: Town, request: object, sent: Sent) -> None:
    with town.engine.begin() as connection:
        connection.execute(
            sa.text(
                "DELETE FROM webhook_message WHERE event_seq = :seq AND endpoint_id IN"
                " (SELECT id FROM webhook_endpoint WHERE url LIKE :port)"
            ),
            {"seq": int(sent.headers["webhook-id"].removeprefix("evt_")), "port": f"%{sent.headers['host']}%"},
        )
    says(200)(request, sent)  # type: ignore[arg-type]  # a handler


@pytest.mark.parametrize(("status", "delivered"), [(200, True), (422, False)])
def test_a_message_given_up_while_it_is_on_its_way_is_what_came_of_it(
    town: Town, receiver: Receiver, status: int, delivered: bool
) -> None:
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    town.happens()
    ctx = town.city.clock()
    deliveries.claim(ctx, 1)
    parcel = deliveries.following(ctx, at)
    assert parcel is not None
    webhooks.enable(town.as_("school"), at, offered_since=EVER, from_now=True)
    town.settle()
    deliveries.record(town.city.clock(), parcel, Came(3, status), 0)
    town.settle()
    [message] = town.log("school", at)
    assert (message["delivered_at"] is not None, message["given_up_at"] is None) == (delivered, delivered)
    assert (message["next_at"], message["attempts"]) == (None, 1)


def test_however_many_wait_to_be_sent_again_what_happens_later_is_sent(town: Town, receiver: Receiver) -> None:
    town.endpoint("school", receiver.url(), "specialty.*")
    receiver.answer = lambda request, sent: says(400 if numbers([sent])[0] % 4 else 204)(request, sent)
    town.happens(4 * 50)  # three of four are refused: 150 wait
    town.deliver()
    receiver.sent.clear()
    receiver.answer = says(204)
    town.happens(5, first=200)
    assert (town.deliver(), numbers(receiver.sent)) == (5, [200, 201, 202, 203, 204])


# --- several ---------------------------------------------------------------------------------------------------------


PILE = """
    INSERT INTO event (at, kind, subject_kind, subject_id, reason, audience, facts, specialty_id)
    SELECT :at, 'specialty.change', 'specialty', :of, '', 'school',
        jsonb_build_object('partner', jsonb_build_object('from', '', 'to', n::text)), :of
    FROM generate_series(1, :count) AS n
"""


def test_ten_thousand_deliveries_to_a_slow_receiver_delay_nobody_else(town: Town, receiver: Receiver) -> None:
    with receiving() as slow:

        def answer(request: object, sent: Sent) -> None:
            time.sleep(0.5)
            says(200)(request, sent)  # type: ignore[arg-type]  # a handler

        slow.answer = answer
        town.endpoint("school", slow.url(), "specialty.*")
        town.endpoint("public", receiver.url(), "specialty.*")
        pile = {"at": town.city.now, "of": town.city.specialties["one-a"], "count": 10_000}
        town.session.execute(sa.text(PILE), pile)
        town.settle()
        stopped = threading.Event()
        carrier = town.carrier()
        thread = threading.Thread(target=lambda: asyncio.run(carrier.until(stopped, 0.05)))
        thread.start()
        try:
            until = time.monotonic() + 30
            while not slow.sent and time.monotonic() < until:
                time.sleep(0.01)
            begun = time.monotonic()
            town.happens(3)
            while len(receiver.sent) < 3 and time.monotonic() < until:
                time.sleep(0.01)
            took = time.monotonic() - begun
            served = len(slow.sent)
        finally:
            stopped.set()
            thread.join(30)
    assert (numbers(receiver.sent), took < 10, served < 100) == ([0, 1, 2], True, True)


def test_two_workers_at_once_send_everything_once(town: Town) -> None:
    with receiving() as one, receiving() as two:
        town.endpoint("school", one.url(), "specialty.*")
        town.endpoint("public", two.url(), "specialty.*")
        town.happens(15)
        carriers = [town.carrier() for _ in range(2)]
        threads = [threading.Thread(target=lambda each=each: asyncio.run(each.once())) for each in carriers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        town.deliver()
        assert (numbers(one.sent), numbers(two.sent)) == (list(range(15)), list(range(15)))


# --- managing --------------------------------------------------------------------------------------------------------


def test_an_endpoint_is_its_keys_own(town: Town, receiver: Receiver) -> None:
    at, _ = town.endpoint("school", receiver.url())
    with pytest.raises(NotFound):
        webhooks.found(town.as_("public"), at)
    assert [row.id for row in webhooks.listing(town.city.as_("administrator"))] == [at]
    assert webhooks.listing(town.as_("public")) == []
    webhooks.end(town.city.as_("administrator"), at)
    with pytest.raises(NotFound):
        webhooks.found(town.as_("school"), at)
    town.happens()
    assert town.deliver() == 0


def test_an_administrator_reaches_the_endpoints_of_keys_with_a_role_in_its_city_alone(town: Town) -> None:
    city, wanted = town.city, Wanted("https://receiver.example/")
    other_city(city)
    ours, theirs = city.as_("administrator"), city.as_("stranger")
    shared, _ = accounts.create_key(theirs, "shared")
    with pytest.raises(NotNow) as caught:  # it is nobody's yet, and will be told what its first city tells it
        webhooks.create(ours, wanted, Algorithm.HMAC, shared.id)
    assert caught.value.problems[0].code == "key-without-role"

    accounts.grant_role(theirs, Role.INTEGRATION, city.schools["elsewhere"], valid_from=date(2020, 1, 1),
                        api_key_id=shared.id)  # fmt: skip
    at = webhooks.create(theirs, wanted, Algorithm.HMAC, shared.id)[0].id
    with pytest.raises(NotFound):
        webhooks.seen(ours, at)
    town.session.add(RoleGrant(api_key_id=shared.id, role="integration", organisation_id=city.schools["one"],
                               valid_from=date(2020, 1, 1), deputy=False))  # fmt: skip
    town.session.flush()
    for admin in (city.as_("administrator"), city.as_("stranger")):
        assert [row.id for row in webhooks.listing(admin)] == [webhooks.seen(admin, at).id]
        with pytest.raises(NotYou):
            webhooks.change(admin, at, wanted)
    webhooks.end(city.as_("administrator"), at)


def test_a_key_that_never_held_a_role_is_ended_by_the_city_that_made_it(town: Town) -> None:
    other_city(town.city)
    ours, theirs = town.city.as_("administrator"), town.city.as_("stranger")
    key, _ = accounts.create_key(theirs, "fresh")
    town.session.commit()
    with pytest.raises(NotYou) as caught:
        accounts.end_key(ours, key.id)
    assert [(p.code, p.where) for p in caught.value.problems] == [("role-missing", "key")]
    town.session.rollback()
    accounts.end_key(town.city.as_("stranger"), key.id)
    assert key.valid_to == theirs.today - timedelta(days=1)


def test_what_is_wrong_with_an_endpoint_is_said_at_once(town: Town) -> None:
    with pytest.raises(Invalid) as caught:
        webhooks.create(town.as_("school"), Wanted("http://receiver.example/", ("bogus.*",)), Algorithm.HMAC)
    assert [p.code for p in caught.value.problems] == ["webhook-url-not-https", "event-kind-unknown"]
    town.session.rollback()
    for _ in range(10):
        webhooks.create(town.as_("school"), Wanted("https://receiver.example/"), Algorithm.HMAC)
    with pytest.raises(NotNow):
        webhooks.create(town.as_("school"), Wanted("https://receiver.example/"), Algorithm.HMAC)


def test_what_was_delivered_a_month_ago_is_forgotten_and_the_events_are_not(town: Town, receiver: Receiver) -> None:
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    town.happens(2)
    town.deliver()
    town.wait(days=31)
    before = town.session.scalar(sa.select(sa.func.count()).select_from(Event))
    webhooks.forget(town.city.clock())
    town.settle()
    assert town.log("school", at) == []
    assert town.session.scalar(sa.select(sa.func.count()).select_from(Event)) == before


def test_an_answer_that_cannot_be_kept_as_it_is_is_kept_all_the_same(town: Town, receiver: Receiver) -> None:
    at, _ = town.endpoint("school", receiver.url(), "specialty.*")
    town.happens()
    ctx = town.city.clock()
    deliveries.claim(ctx, 1)
    parcel = deliveries.following(ctx, at)
    assert parcel is not None
    deliveries.record(ctx, parcel, Came(3, 500, "a\0b" + "x" * 10_000), 0)
    town.settle()
    [message] = town.log("school", at)
    assert [len(one["answer"]) < 600 for one in message["tried"]] == [True]  # type: ignore[attr-defined]  # a list


# --- all of it -------------------------------------------------------------------------------------------------------


def test_over_http_with_the_worker_as_it_runs(town: Town, receiver: Receiver, tmp_path: Path) -> None:
    """A machine sets its endpoint up, tests it, and is told what happens; a server, a worker and a receiver."""
    url = town.engine.url.render_as_string(hide_password=False)
    key, secret = accounts.create_key(town.city.as_("administrator"), "over http")
    assert key.id
    town.settle()
    stopped = threading.Event()
    working = threading.Thread(target=work, args=(url, tmp_path, lambda: town.city.now, stopped, LOOPBACK))
    with serving(url, tmp_path) as callers:
        callers.clock.now = town.city.now
        callers.app.webhook_networks = LOOPBACK
        callers.http.headers["Authorization"] = f"Bearer {secret}"
        wanted = {"url": receiver.url(), "types": ["specialty.change"], "algorithm": "ed25519"}
        made = callers.post("", "/v1/webhooks", wanted, 201)
        assert callers.get("", f"/v1/webhooks/{made['id']}") == {k: v for k, v in made.items() if k != "secret"}
        assert [one["id"] for one in callers.get("", "/v1/webhooks")["items"]] == [made["id"]]
        wrong = callers.ask("", "POST", "/v1/webhooks", json={"url": "ftp://x.example/", "types": ["no"]})
        assert [p["code"] for p in wrong.json()["problems"]] == ["webhook-url-not-https", "event-kind-unknown"]
        working.start()
        try:
            test = callers.post("", f"/v1/webhooks/{made['id']}/test", expect=201)
            town.happens(2)
            until = time.monotonic() + 30
            while len(receiver.sent) < 3 and time.monotonic() < until:
                time.sleep(0.05)
        finally:
            stopped.set()
            working.join(60)
        told = [verify(one.body, one.headers, made["secret"], now=town.city.now.timestamp()) for one in receiver.sent]
        log = callers.get("", f"/v1/webhooks/{made['id']}/messages?limit=2")
        rest = callers.get("", f"/v1/webhooks/{made['id']}/messages?limit=2&after={log['next']}")
        again = callers.post("", f"/v1/webhooks/{made['id']}/messages/{test['id']}/replay")
        callers.call("", "DELETE", f"/v1/webhooks/{made['id']}", 204)
        callers.get("", f"/v1/webhooks/{made['id']}", 404)
    kinds = sorted(event["type"] for event in told)
    assert kinds == ["specialty-eval.specialty.change"] * 2 + ["specialty-eval.webhook.test"]
    assert [one["tried"][0]["status"] for one in log["items"] + rest["items"]] == [204] * 3
    assert (again["webhook_id"], again["delivered_at"], test["webhook_id"] in receiver.ids) == (
        test["webhook_id"], None, True,
    )  # fmt: skip
