"""Many statuses at once: by codes and as whole lists, from memory as from the routes, within limits and strict."""

import asyncio
import csv
import gzip
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from pyarrow import parquet
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.statuses_told import OLD, both, kept, told_database, world
from factories_rights import World
from keeping import Answer, Kept, ask, keeping, until
from specialty_eval import listing, worker
from specialty_eval.api import status_whole
from specialty_eval.api.rates import Rates
from specialty_eval.store.base import make_engine

__all__ = ["kept", "told_database", "world"]  # fixtures
LISTS = ("/v1/status.ndjson", "/v1/status.csv", "/v1/status.parquet")


def sent(codes: Any) -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"codes": codes}).encode()
    return body, {"content_type": "application/json", "content_length": str(len(body))}


def asked(kept: Kept, codes: Any) -> Answer:
    body, headers = sent(codes)
    return both(kept, "POST", "/v1/status/query", body, **headers)


def test_statuses_come_in_the_order_asked_with_what_is_moved_and_unknown(world: World, kept: Kept) -> None:
    codes = world.city.codes
    one, closed, present = codes["publicised"], codes["previewed"], codes["decided"]

    answer = asked(kept, [closed, "没有-的", OLD, one, one, "nobody"])

    assert answer.status == 200
    said = json.loads(answer.body)
    assert [status["code"] for status in said["statuses"]] == [closed, present, one, one]
    assert (said["moved"], said["unknown"]) == ({OLD: present}, ["没有-的", "nobody"])
    alone = kept.fast("GET", f"/v1/specialties/{one}/status")
    assert json.loads(alone.body) == said["statuses"][2]


def test_nothing_known_is_an_answer_too(kept: Kept) -> None:
    assert json.loads(asked(kept, ["x"]).body) == {"statuses": [], "moved": {}, "unknown": ["x"]}


def test_a_thousand_codes_are_taken_and_no_more(kept: Kept) -> None:
    assert asked(kept, ["x"] * 1000).status == 200
    assert asked(kept, ["x"] * 1001).status == 422
    assert asked(kept, []).status == 422


def test_a_long_answer_is_packed_for_whoever_takes_it_and_is_the_same(world: World, kept: Kept) -> None:
    code = world.city.codes["publicised"]
    for count, is_long in ((2, False), (200, True), (1000, True)):
        body, headers = sent([code] * count)
        plain = both(kept, "POST", "/v1/status/query", body, **headers)
        packed = both(kept, "POST", "/v1/status/query", body, accept_encoding="br, gzip", **headers)
        assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"
        assert ("content-encoding" in plain.headers, "content-encoding" in packed.headers) == (False, is_long)
        assert (gzip.decompress(packed.body) if is_long else packed.body) == plain.body
    body, headers = sent([code] * 1000)
    kept_answer = kept.slow("POST", "/v1/status/query", body, accept_encoding="gzip", idempotency_key="one", **headers)
    assert "content-encoding" not in kept_answer.headers


@pytest.mark.parametrize("codes", ["x", [1], [None], ["x" * 201], [["x"]], [{"codes": 1}], None, ["\0"], ["\ud800"]])
def test_what_is_no_list_of_codes_is_refused(kept: Kept, codes: Any) -> None:
    assert asked(kept, codes).status == 422


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"codes":["x"],"codes":["y"]}', b'{"codes":["x"],"more":1}',
                                  b'[["codes",["x"]]]', '{"codes":["x"]}'.encode("utf-16"), b"[" * 5000])  # fmt: skip
def test_what_is_no_question_is_refused(kept: Kept, body: bytes) -> None:
    headers = {"content_type": "application/json", "content_length": str(len(body))}
    assert both(kept, "POST", "/v1/status/query", body, **headers).status == 422


def test_another_media_type_is_not_taken(kept: Kept) -> None:
    body, headers = sent(["x"])
    assert both(kept, "POST", "/v1/status/query", body, **(headers | {"content_type": "text/plain"})).status == 415


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("encoding", ["", "gzip", "br, gzip;q=0.5", "gzip;q=0", "identity"])
def test_a_list_is_the_same_from_memory_packed_and_not(kept: Kept, path: str, encoding: str) -> None:
    fast, slow = (ask("GET", path, accept_encoding=encoding) for ask in (kept.fast, kept.slow))

    assert (fast.status, fast.body) == (slow.status, slow.body)
    told = ("etag", "cache-control", "vary", "content-type")
    assert [fast.headers[name] for name in told] == [slow.headers[name] for name in told]
    is_packed = encoding in {"gzip", "br, gzip;q=0.5"} and not path.endswith("parquet")
    assert ("content-encoding" in fast.headers) == ("content-encoding" in slow.headers) == is_packed
    plain = kept.fast("GET", path)
    assert (gzip.decompress(fast.body) if is_packed else fast.body) == plain.body
    for known in (fast.headers["etag"], plain.headers["etag"], "*"):
        assert kept.fast("GET", path, if_none_match=known, accept_encoding=encoding).status == 304
        assert kept.slow("GET", path, if_none_match=known, accept_encoding=encoding).status == 304
    assert kept.fast("GET", path, if_none_match='"x"').status == 200


def test_the_lines_are_the_statuses(world: World, kept: Kept) -> None:
    lines = kept.fast("GET", LISTS[0]).body.splitlines()

    assert {json.loads(line)["code"] for line in lines} > set(world.city.codes.values())
    for line in lines:
        assert kept.fast("GET", f"/v1/specialties/{json.loads(line)['code']}/status").body == line


def test_the_table_says_what_the_lines_say(kept: Kept) -> None:
    lines = [json.loads(line) for line in kept.fast("GET", LISTS[0]).body.splitlines()]
    rows = list(csv.DictReader(io.StringIO(kept.fast("GET", LISTS[1]).body.decode(), newline="")))

    assert [row["code"] for row in rows] == [line["code"] for line in lines]
    assert list(rows[0]) == list(lines[0])
    for row, line in zip(rows, lines, strict=True):
        assert row["under"] == ";".join(line["under"])
        assert row["quota"] == ";".join(f"{year}={quota}" for year, quota in line["quota"].items())
        assert row["rating"] == (line["rating"] or "")


def test_the_columns_say_what_the_lines_say(kept: Kept) -> None:
    lines = [json.loads(line) for line in kept.fast("GET", LISTS[0]).body.splitlines()]
    table = parquet.read_table(io.BytesIO(kept.fast("GET", LISTS[2]).body))

    assert table.column_names == list(lines[0])
    assert [str(table.schema.field(name).type) for name in ("valid_from", "known_at", "sequence", "under")] == [
        "date32[day]", "timestamp[us, tz=UTC]", "int64", "list<element: string>"
    ]  # fmt: skip
    for row, line in zip(table.to_pylist(), lines, strict=True):
        line["quota"] = [(int(year), quota) for year, quota in line["quota"].items()]
        for name in ("valid_from", "closed_on", "valid_at"):
            line[name] = line[name] and date.fromisoformat(line[name])
        assert row == line | {"known_at": datetime.fromisoformat(line["known_at"])}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_answers_head_and_leaves_the_rest_to_the_routes(kept: Kept, path: str) -> None:
    assert kept.fast("HEAD", path).status == kept.slow("HEAD", path).status == 200
    assert kept.fast("GET", f"{path}?x=1").status == 200
    assert kept.fast("GET", path, authorization="Bearer tok_nobody-has-this").status == 401
    assert kept.fast("POST", path).status == 405


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def anew(kept: Kept, tmp_path: Path) -> Iterator[Kept]:
    """The same world, in a process with a folder of its own."""
    with keeping(kept.url, tmp_path, kept.clock) as found:
        yield found


@contextmanager
def working(kept: Kept) -> Iterator[None]:
    """A worker beside, in a thread, by statuses of its own."""
    stopped = threading.Event()
    thread = threading.Thread(target=listing.keep, args=(kept.url, kept.files, kept.clock, stopped))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def is_file(answer: Answer) -> bool:
    return "accept-ranges" in answer.headers


def until_sent(kept: Kept, name: str) -> None:
    """The file that has this name in it is what is answered."""
    until(lambda: is_file(answer := kept.fast("GET", LISTS[0])) and name.encode() in answer.body, "written")


def change(kept: Kept, name: str) -> None:
    """A public fact is another, with its event."""
    engine = make_engine(kept.url, pool_size=1)
    with Session(engine) as session:
        key = session.execute(sa.text("SELECT min(id) FROM specialty")).scalar_one()
        session.execute(sa.text("UPDATE specialty SET name = :name WHERE id = :id"), {"name": name, "id": key})
        session.execute(
            sa.text(
                "INSERT INTO event (at, kind, subject_kind, subject_id, specialty_id, audience, facts)"
                " VALUES (now(), 'standing.rate', 'standing', :id, :id, 'public', '{}')"
            ),
            {"id": key},
        )
        session.commit()
    engine.dispose()


def test_the_worker_writes_at_each_change_and_every_process_sends_the_same_file(anew: Kept) -> None:
    composed = {path: anew.fast("GET", path) for path in LISTS}
    assert not any(map(is_file, composed.values()))
    with working(anew), keeping(anew.url, anew.files, anew.clock) as other:
        for name in ("示例改名一", "示例改名二"):
            change(anew, name)
            for each in (anew, other):
                until_sent(each, name)
            for path in LISTS:
                one, two = (each.fast("GET", path) for each in (anew, other))
                assert is_file(one)
                assert (one.body, one.headers) == (two.body, two.headers)
                assert one.headers["etag"] != composed[path].headers["etag"]
        lines, table = anew.fast("GET", LISTS[0]), parquet.read_table(io.BytesIO(anew.fast("GET", LISTS[2]).body))
        assert "示例改名二" in table["name"].to_pylist()
        assert len(lines.body.splitlines()) == len(table) == len(anew.app.front.by_id)


@pytest.mark.parametrize("path", LISTS)
def test_a_file_is_cached_packed_asked_in_parts_and_by_head(anew: Kept, path: str) -> None:
    worker.work_once(anew.url, anew.files, anew.clock)
    until(lambda: is_file(anew.fast("GET", path)), "served")
    whole = anew.fast("GET", path)
    head = anew.fast("HEAD", path)
    assert (head.status, head.body, head.headers) == (200, b"", whole.headers)
    assert whole.headers["content-length"] == str(len(whole.body))
    tag = whole.headers["etag"]
    for known in (tag, f"W/{tag}", "*", f'"x", {tag}'):
        assert anew.fast("GET", path, if_none_match=known).status == 304
    part = anew.fast("GET", path, range="bytes=10-19", if_range=tag)
    assert (part.status, part.body) == (206, whole.body[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.body)}"
    assert anew.fast("GET", path, range="bytes=10-19", if_range='"of another file"').body == whole.body
    assert anew.fast("GET", path, range=f"bytes={len(whole.body)}-").status == 416
    packed = anew.fast("GET", path, accept_encoding="gzip")
    if path == LISTS[2]:
        assert packed.headers == whole.headers
    else:
        assert gzip.decompress(packed.body) == whole.body
        assert packed.headers["etag"] != tag
    assert anew.slow("GET", path, if_none_match=tag).status == 304


def test_a_file_that_is_behind_is_not_sent(anew: Kept) -> None:
    listing.once(anew.url, anew.files, anew.clock)
    until(lambda: is_file(anew.fast("GET", LISTS[1])), "served")
    change(anew, "示例改名三")
    until(lambda: "示例改名三".encode() in anew.fast("GET", LISTS[1]).body, "told all the same")
    assert not is_file(anew.fast("GET", LISTS[1]))
    assert listing.once(anew.url, anew.files, anew.clock)
    assert not listing.once(anew.url, anew.files, anew.clock)
    assert is_file(anew.fast("GET", LISTS[1]))


def test_who_waits_for_a_list_that_is_put_together_holds_no_thread(kept: Kept) -> None:
    async def all_at_once() -> None:
        putting = kept.app.whole._making  # somebody is at it
        await putting.acquire()
        async with anyio.create_task_group() as group:
            for _ in range(60):
                group.start_soon(status_of, kept)
            await anyio.sleep(0.5)
            with anyio.move_on_after(5) as late:
                await run_in_threadpool(int)
            putting.release()
        assert not late.cancelled_caught

    anyio.run(all_at_once)


def test_however_many_ask_for_a_list_it_is_put_together_once(anew: Kept) -> None:
    async def all_at_once() -> list[set[int]]:
        asked = [(path, f"{path}?x=1") * 10 for path in LISTS]
        return [{id(one.body) for one in await asyncio.gather(*(ask(anew.app, "GET", path, {}) for path in each))}
                for each in asked]  # fmt: skip

    assert list(map(len, asyncio.run(all_at_once()))) == [1, 1, 1]


def test_a_list_stays_in_memory_no_longer_than_somebody_asks_for_it(anew: Kept, monkeypatch: Any) -> None:
    monkeypatch.setattr(status_whole, "KEPT_FOR", 0.05)

    async def later() -> tuple[int, int]:
        await ask(anew.app, "GET", LISTS[0], {})
        before = len(anew.app.whole._made)
        await asyncio.sleep(0.3)
        return before, len(anew.app.whole._made)

    assert asyncio.run(later()) == (1, 0)


def test_a_list_is_counted_by_the_limits_and_a_status_is_not(world: World, kept: Kept, tmp_path: Path) -> None:
    status = f"/v1/specialties/{world.city.codes['scored']}/status"
    with keeping(kept.url, tmp_path, kept.clock, Rates(address="2/hour")) as counting:
        counting.fast("GET", "/v1/policies")  # behind which the limits are loaded
        assert [counting.fast("GET", path).status for path in LISTS] == [200, 200, 429]
        assert [counting.fast("GET", status).status for _ in range(5)] == [200] * 5


async def status_of(kept: Kept) -> None:
    assert (await ask(kept.app, "GET", LISTS[2], {})).status == 200
