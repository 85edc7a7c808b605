"""Many statuses at once: by codes and as whole lists, from memory as from the routes, within limits and strict."""

import csv
import gzip
import io
import json
from typing import Any

import pytest

from api.statuses_told import OLD, both, kept, told_database, world
from factories_rights import World
from keeping import Answer, Kept

__all__ = ["kept", "told_database", "world"]  # fixtures
LISTS = ("/v1/status.ndjson", "/v1/status.csv")


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
    is_packed = encoding in {"gzip", "br, gzip;q=0.5"}
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


@pytest.mark.parametrize("path", LISTS)
def test_a_list_answers_head_and_leaves_the_rest_to_the_routes(kept: Kept, path: str) -> None:
    assert kept.fast("HEAD", path).status == kept.slow("HEAD", path).status == 200
    assert kept.fast("GET", f"{path}?x=1").status == 200
    assert kept.fast("GET", path, authorization="Bearer tok_nobody-has-this").status == 401
    assert kept.fast("POST", path).status == 405
