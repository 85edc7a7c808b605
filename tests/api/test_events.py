"""Following the log over HTTP: pages, CloudEvents, a snapshot, a stream; nothing missed, nothing of others."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import sqlalchemy as sa
from jsonschema import Draft202012Validator
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories import City, make_city, make_cycle, open_round
from listening import listening
from small_policy import POLICY
from specialty_eval import following
from specialty_eval.actions import seals
from specialty_eval.actions.context import Note
from specialty_eval.api import event_streams
from specialty_eval.api.event_shapes import EventsAnswer
from specialty_eval.engine.event_schema import event_schema
from specialty_eval.store import ledger
from specialty_eval.store.accounts import RoleGrant
from specialty_eval.store.base import make_engine
from specialty_eval.store.ledger import Event
from specialty_eval.store.registry import Specialty

BATCH, STREAM = "application/cloudevents-batch+json", "text/event-stream"


@dataclass
class Served:
    """A server, and the city in its database; what happens there is committed at once."""

    callers: Callers
    city: City

    def happens(self, audience: str = "public", *, short: str = "one-a", times: int = 1, pad: int = 0) -> None:
        """So many events of a specialty."""
        subject = self.city.session.get_one(Specialty, self.city.specialties[short])
        for n in range(times):
            told = {"partner": {"from": "x" * pad, "to": str(n)}}
            note = Note(audience=audience, told=told, specialty_id=subject.id)
            self.city.as_("secretary").record("specialty.change", subject, note)
        self.settled()

    def settled(self) -> None:
        """Commit, and wait until nothing that runs on the server began before (statistics are kept there too)."""
        self.city.session.commit()
        until = time.monotonic() + 30
        while not self.city.session.scalar(sa.select(sa.func.bool_and(ledger.is_settled())).select_from(Event)):
            self.city.session.rollback()
            assert time.monotonic() < until
            time.sleep(0.02)
        self.city.session.rollback()

    def get(self, path: str, who: str = "", **headers: str) -> httpx.Response:
        return self.callers.ask(who, "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def end(self, who: str = "", path: str = "/v1/snapshot") -> str:
        """The cursor at the end of the log."""
        return str(self.get(path, who).json()["follow"])


@pytest.fixture
def served(quiet_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(quiet_database, pool_size=2)
    with Session(engine, expire_on_commit=False) as session:
        city = make_city(session)
        open_round(city, make_cycle(city, policy=POLICY))
        session.commit()
        with serving(quiet_database, tmp_path) as callers:
            callers.clock.now = city.now
            files, bell = tmp_path, callers.app.bell
            with following.kept(callers.app.front, quiet_database, callers.clock, files, bell):
                served = Served(callers, city)
                served.settled()
                yield served
    engine.dispose()


# --- pages and CloudEvents -------------------------------------------------------------------------------------------


def test_the_bytes_of_a_page_are_those_of_its_shape(served: Served) -> None:
    answer = served.get("/v1/events?limit=5000", "auditor")
    said = answer.json()
    assert EventsAnswer.model_validate_json(answer.content).model_dump(mode="json", by_alias=True) == said
    assert (len(said["items"]) > 8, said["next"]) == (True, None)
    assert served.get(f"/v1/events/{said['items'][3]['seq']}", "auditor").json() == said["items"][3]
    assert served.get("/v1/events/999999", "auditor").status_code == 404


def test_a_batch_of_cloudevents_has_the_same_events_and_their_order(served: Served) -> None:
    plain = served.get("/v1/events?limit=5000", "auditor").json()
    answer = served.get("/v1/events?limit=5000", "auditor", Accept=BATCH)

    events = answer.json()
    assert answer.headers["content-type"] == BATCH
    assert [event["data"] for event in events] == plain["items"]
    assert [event["sequence"] for event in events] == sorted(event["sequence"] for event in events)
    assert {(e["specversion"], e["source"].startswith("urn:uuid:")) for e in events} == {("1.0", True)}
    first = events[0]
    assert first["type"] == f"specialty-eval.{first['data']['kind']}"
    assert first["id"] == str(first["data"]["seq"])
    schema = Draft202012Validator(event_schema())
    assert [error.message for event in events for error in schema.iter_errors(event)] == []
    moved = next(event for event in events if event["data"]["to"])
    assert list(schema.iter_errors({**moved, "data": {**moved["data"], "to": "nowhere"}})) != []
    assert answer.headers["feed-resume"] == plain["resume"]
    one = served.get(f"/v1/events/{first['id']}", "auditor", Accept="application/cloudevents+json")
    assert one.json() == first


def test_pages_of_two_put_together_are_the_whole(served: Served) -> None:
    whole = served.get("/v1/events?limit=5000&types=review.*", "auditor").json()["items"]
    found, path = [], "/v1/events?limit=2&types=review.*"
    said = served.get(path, "auditor").json()
    while True:
        found += said["items"]
        if said["next"] is None:
            break
        said = served.get(f"{path}&after={said['next']}", "auditor").json()
    assert (found, {event["kind"].split(".")[0] for event in found}) == (whole, {"review"})


def test_who_follows_a_rare_kind_moves_on_with_the_log(served: Served) -> None:
    before = served.get("/v1/events?types=closing.propose").json()
    served.happens(times=3)
    after = served.get(f"/v1/events?types=closing.propose&after={before['resume']}").json()
    assert (after["items"], after["resume"] != before["resume"]) == ([], True)


# --- cursors ---------------------------------------------------------------------------------------------------------


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["problems"][0]["code"]


def test_a_cursor_is_good_for_its_own_question_alone(served: Served) -> None:
    cursor = served.get("/v1/events?types=review.*").json()["resume"]
    schools = served.get("/v1/schools?limit=1").json()["next"]
    other = (422, "cursor-of-another-query")

    assert served.get(f"/v1/events?after={cursor}&types=review.*").status_code == 200
    assert problem(served.get(f"/v1/events?after={cursor}")) == other
    assert problem(served.get(f"/v1/events?after={cursor}&types=review.*&types=item.*")) == other
    assert problem(served.get(f"/v1/events?after={schools}")) == other
    assert problem(served.get(f"/v1/schools?limit=1&after={cursor}")) == other
    assert problem(served.get(f"/v1/specialties?limit=1&after={schools}")) == other
    assert served.get(f"/v1/schools?limit=2&after={schools}").status_code == 200
    assert problem(served.get("/v1/events?after=bm9uZQ")) == (422, "cursor-unknown")
    assert problem(served.get(f"/v1/snapshot?after={cursor}")) == other


def test_a_cursor_older_than_what_is_offered_is_gone_and_a_snapshot_goes_on(served: Served) -> None:
    served.callers.app.feed_days = 400
    start = served.get("/v1/events?limit=1", "auditor").json()["resume"]
    seals.seal(served.city.clock())
    served.city.session.commit()
    still = served.end("auditor")
    served.callers.clock.wait(401)

    assert problem(served.get(f"/v1/events?after={start}", "auditor")) == (410, "cursor-too-old")
    assert problem(served.get(f"/v1/events?after={start}", "auditor", Accept=STREAM)) == (410, "cursor-too-old")
    assert served.get("/v1/events", "auditor").json()["items"] == []
    assert served.get(f"/v1/events?after={still}", "auditor").status_code == 200  # nothing is missing behind it
    served.happens()
    followed = served.get(f"/v1/events?after={served.end('auditor')}", "auditor").json()
    new = served.get(f"/v1/events?after={still}", "auditor").json()["items"]
    assert ([event["kind"] for event in new], followed["items"]) == (["specialty.change"], [])


def test_a_cursor_of_a_log_that_was_restored_is_gone(served: Served) -> None:
    served.happens(times=2)
    cursor = served.end()
    with served.city.session.get_bind().connect() as other:  # type: ignore[union-attr]  # an engine
        other.execute(sa.text("ALTER TABLE event DISABLE TRIGGER ALL"))
        other.execute(sa.text("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)"))
        other.commit()
    assert problem(served.get(f"/v1/events?after={cursor}")) == (410, "cursor-of-another-log")


def test_a_snapshot_is_what_reading_the_whole_log_would_tell(served: Served) -> None:
    log = served.get("/v1/events?limit=5000", "auditor").json()
    told: dict[tuple[str, int], Any] = {}
    for event in log["items"]:
        if event["to"] is not None:
            told[event["subject"]["kind"], event["subject"]["id"]] = event
    found: list[Any] = []
    said = served.get("/v1/snapshot?limit=3", "auditor").json()
    follow = said["follow"]
    served.happens()  # while it is read: it is not in the snapshot, and behind its cursor
    while True:
        found += said["items"]
        assert said["follow"] == follow
        if said["next"] is None:
            break
        said = served.get(f"/v1/snapshot?limit=3&after={said['next']}", "auditor").json()

    assert found == [told[key] for key in sorted(told)]
    assert len(found) > 3
    later = served.get(f"/v1/events?after={follow}", "auditor").json()["items"]
    assert [event["kind"] for event in later] == ["specialty.change"]


# --- streams ---------------------------------------------------------------------------------------------------------


class Reader:
    """Reads a stream in a thread; what has come so far, and whether it has ended."""

    def __init__(self, response: httpx.Response) -> None:
        self.events: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.ended = threading.Event()
        self.lines = response.iter_lines()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        event: dict[str, str] = {}
        try:
            for line in self.lines:
                name, _, value = line.partition(": ")
                if line:
                    event[name] = value
                    continue
                if "data" in event:
                    self.events.append({"event": event.get("event"), **json.loads(event["data"])})
                if "id" in event:
                    self.ids.append(event["id"])
                event = {}
        except httpx.HTTPError:
            pass
        self.ended.set()

    def wait(self, count: int) -> list[dict[str, Any]]:
        until = time.monotonic() + 20
        while len(self.events) < count and time.monotonic() < until:
            time.sleep(0.01)
        return self.events


@contextmanager
def streamed(served: Served, who: str = "", after: str | None = None, query: str = "") -> Iterator[Reader]:
    headers = {"Accept": STREAM}
    if who:
        served.callers.get(who, "/v1/me")
        headers["Authorization"] = f"Bearer {served.callers.tokens[who][0]}"
    if after:
        headers["Last-Event-ID"] = after
    with (
        httpx.Client(timeout=60) as client,
        client.stream("GET", f"{served.callers.base}/v1/events{query}", headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        yield Reader(response)
        response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def test_a_stream_tells_what_happens_and_goes_on_behind_the_last_id(served: Served) -> None:
    with streamed(served) as reader:
        served.happens(times=2)
        served.happens("office")
        served.happens("school")
        served.happens(times=1)
        seen = reader.wait(3)
        last = reader.ids[0]
    assert [event["data"]["facts"]["partner"]["to"] for event in seen] == ["0", "1", "0"]
    with streamed(served, after=last) as again:
        assert again.wait(2) == seen[1:]


def test_a_stream_of_a_school_has_its_own_events_and_nobody_elses(served: Served) -> None:
    with streamed(served, "head-one", query="?types=specialty.*") as reader:
        served.happens("school", short="two-a")
        served.happens("office")
        served.happens("school", short="one-a")
        seen = reader.wait(1)
        time.sleep(0.3)
    assert [event["data"]["specialty_id"] for event in seen] == [served.city.specialties["one-a"]]


def test_a_stream_ends_when_a_role_ends_and_when_the_token_does(served: Served) -> None:
    city = served.city
    with streamed(served, "head-one") as reader, streamed(served, "secretary") as signed_out:
        ended = {"ended_at": city.now, "valid_to": city.now.date()}
        person = city.people["head-one"]
        city.session.execute(sa.update(RoleGrant).where(RoleGrant.person_id == person).values(**ended))
        city.session.commit()
        served.callers.post("secretary", "/v1/sign-out", expect=204)
        served.happens("school")
        assert reader.wait(1)[0]["code"] == "role-ended"
        assert signed_out.wait(1)[0]["code"] == "sign-in-expired"
        assert reader.ended.wait(10)
        assert {event["event"] for event in reader.events + signed_out.events} == {"end"}


def test_many_streams_hold_no_connection_and_end_with_the_server(served: Served) -> None:
    """Twice as many as the pool has connections; others are answered meanwhile, and all are told."""
    callers = served.callers
    with httpx.Client(timeout=60, limits=httpx.Limits(max_connections=100)) as client:
        opened = [client.build_request("GET", f"{callers.base}/v1/events", headers={"Accept": STREAM})] * 40
        responses = [client.send(request, stream=True) for request in opened]
        readers = [Reader(response) for response in responses]
        assert served.get("/v1/events").status_code == 200
        served.happens()
        assert [len(reader.wait(1)) for reader in readers] == [1] * 40
        callers.app.bell.close()
        assert all(reader.ended.wait(10) for reader in readers)


def test_one_caller_takes_a_few_places_alone(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """By person however often signed in, by address without credentials; the others' places are free meanwhile."""
    monkeypatch.setattr(event_streams, "MOST_OF_ONE", 1)
    with streamed(served), streamed(served, "auditor"), streamed(served, "secretary"):
        served.callers.tokens.pop("auditor")  # signed in once more
        for who in ("", "auditor"):
            refused = served.get("/v1/events", who, Accept=STREAM)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
            assert [p["code"] for p in refused.json()["problems"]] == ["too-many-streams"]
            assert served.get("/v1/events", who).status_code == 200
    until = time.monotonic() + 10
    while served.callers.app.bell.streams and time.monotonic() < until:
        time.sleep(0.05)
    with streamed(served):
        pass


def _ports_served() -> set[int]:
    """The far ends of this process's open connections."""
    open_ = psutil.Process().net_connections(kind="tcp")
    return {one.raddr[1] for one in open_ if one.status == psutil.CONN_ESTABLISHED}


def test_a_reader_that_takes_nothing_is_left_and_loses_nothing(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "PATIENCE", 0.5)
    start = served.end()
    served.happens(times=700, pad=10_000)
    bell = served.callers.app.bell
    small = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)])
    with httpx.Client(timeout=60, transport=small) as client, listening("uvicorn.error") as said:
        headers = {"Accept": STREAM, "Last-Event-ID": start}
        with client.stream("GET", f"{served.callers.base}/v1/events", headers=headers) as response:
            until = time.monotonic() + 20
            while bell.streams and time.monotonic() < until:
                time.sleep(0.05)
            assert bell.streams == 0
            mine = response.extensions["network_stream"].get_extra_info("client_addr")[1]
            while mine in _ports_served() and time.monotonic() < until:
                time.sleep(0.05)
            assert mine not in _ports_served()  # the socket is closed, with what nobody took
            slow = Reader(response)
            assert slow.ended.wait(20)
    got = len(slow.events)
    assert (0 < got < 700, said) == (True, [])  # the server has nothing to add
    with streamed(served, after=slow.ids[-1]) as again:
        rest = again.wait(700 - got)
    assert [int(e["data"]["facts"]["partner"]["to"]) for e in slow.events + rest] == list(range(700))


def test_what_is_silent_is_sent_an_id_now_and_then(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "HEARTBEAT", 0.2)
    with streamed(served, query="?types=closing.propose") as reader:
        served.happens()
        end = ""
        until = time.monotonic() + 20
        while not (reader.ids and reader.ids[-1] != end) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)
        assert reader.ids[-1] == served.get("/v1/events?types=closing.propose").json()["resume"]
    assert reader.events == []


def test_a_wait_ends_with_the_day_of_a_token(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "HEARTBEAT", 0.2)
    with streamed(served, "auditor") as reader:
        served.callers.clock.now += timedelta(hours=13)
        assert reader.wait(1)[0]["code"] == "sign-in-expired"
