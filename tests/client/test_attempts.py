"""When the client sends again, and when it never does; the answers come from a transport of the test's own."""

import asyncio
import inspect
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Any

import httpx
import pytest

from specialty_eval.api.versions import is_kept
from specialty_eval_client import (
    AsyncClient,
    Client,
    FeedCache,
    Options,
    Refused,
    Retries,
    Unreachable,
    Unreadable,
    errors,
    follow,
)
from specialty_eval_client.options import API_VERSION

Answering = Callable[[httpx.Request], httpx.Response]


class Script:
    """Answers one after the other, and what was asked."""

    def __init__(self, *answers: int | httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        match self.answers.pop(0):
            case int(status):
                return httpx.Response(status, json={})
            case httpx.Response() as response:
                return response
            case Exception() as fault:
                raise fault


def client(script: Script, **more: Any) -> Client:
    options = Options("http://server.example", "key_1", Retries(**more))
    return Client(options, transport=httpx.MockTransport(script), sleep=script.slept.append)


def busy(status: int, after: str) -> httpx.Response:
    return httpx.Response(status, headers={"Retry-After": after})


def test_a_busy_server_is_asked_again_no_sooner_than_it_says() -> None:
    script = Script(busy(429, "7"), busy(503, "0"), 200)
    client(script).request("GET", "/v1/rounds")
    assert len(script.asked) == 3
    assert script.slept[0] == 7
    assert 0.2 <= script.slept[1] <= 0.4


def test_a_wait_of_an_hour_is_told_and_not_slept() -> None:
    script = Script(busy(429, "3600"))
    with pytest.raises(errors.TooMany) as told:
        client(script).request("GET", "/v1/rounds")
    assert (told.value.retry_after, script.slept) == (3600, [])


def test_a_change_is_repeated_under_the_key_of_the_first_attempt() -> None:
    script = Script(httpx.ReadTimeout("late"), 502, 200)
    client(script).request("POST", "/v1/cycles", body={})
    keys = {request.headers["idempotency-key"] for request in script.asked}
    assert len(script.asked) == 3
    assert len(keys) == 1
    assert len({request.content for request in script.asked}) == 1


def test_each_change_has_a_key_of_its_own() -> None:
    script = Script(200, 200)
    for _ in range(2):
        client(script).request("POST", "/v1/cycles", body={})
    assert len({request.headers["idempotency-key"] for request in script.asked}) == 2


@pytest.mark.parametrize("answer", [httpx.ReadTimeout("late"), 502, 503, 504])
def test_what_takes_no_key_is_sent_once_if_it_may_have_been_done(answer: Any) -> None:
    script = Script(answer)
    with pytest.raises((Unreachable, errors.Unavailable)):
        client(script).request("POST", "/v1/sign-in", body={})
    assert "idempotency-key" not in script.asked[0].headers


SECRETS = {
    "/v1/webhooks": {}, "/v1/webhooks/7/rotate": None, "/v1/imports/people": None, "/v1/keys": {},
    "/v1/people": {"password": "x"},
}  # fmt: skip


@pytest.mark.parametrize("path", SECRETS)
def test_what_takes_or_tells_a_secret_has_no_key(path: str) -> None:
    script = Script(200, 200)
    client(script).request("POST", path, body=SECRETS[path])
    client(script).request("POST", "/v1/webhooks/7/test", body={})
    assert ["idempotency-key" in request.headers for request in script.asked] == [False, True]


def test_what_is_public_is_asked_for_without_showing_a_key() -> None:
    script = Script(410, 404, 200)
    one = client(script)
    for ask in (lambda: one.status("x"), lambda: one.statuses(["x"]), lambda: one.request("GET", "/v1/rounds")):
        with suppress(errors.ClientError):
            ask()
    assert ["authorization" in request.headers for request in script.asked] == [False, False, True]
    assert {request.headers["api-version"] for request in script.asked} == {API_VERSION}


def test_the_server_still_keeps_what_the_client_was_written_for() -> None:
    assert is_kept(API_VERSION.encode())


def page(*numbers: int) -> httpx.Response:
    rows = [{"seq": n, "at": "2026-01-01T00:00:00Z", "kind": "review.submit", "subject": {"kind": "review", "id": 1},
             "specialty_id": None, "round_id": None, "from": None, "to": None, "reason": "", "facts": {}}
            for n in numbers]  # fmt: skip
    return httpx.Response(200, json={"items": rows, "next": None, "resume": "c"})


def test_a_server_that_was_there_is_waited_for_and_nothing_is_missed() -> None:
    script = Script(page(1), 503, httpx.ConnectError("refused"), page(2))
    told: list[errors.ClientError] = []
    with FeedCache(":memory:") as cache:
        seen = follow(client(script, attempts=1), cache, every=1, sleep=script.slept.append, away=told.append)
        assert [event.seq for event in islice(seen, 2)] == [1, 2]
    assert (script.slept, len(told)) == ([1, 2], 1)


def test_one_that_never_answered_is_an_error() -> None:
    with FeedCache(":memory:") as cache, pytest.raises(Unreachable):
        next(follow(client(Script(httpx.ConnectError("refused")), attempts=1), cache))


@pytest.mark.parametrize(("code", "kept"), [("cursor-of-another-log", [1, 2, 1]), ("cursor-too-old", [1, 2])])
def test_beginning_anew_leaves_a_gap_and_drops_nothing_of_another_log(code: str, kept: list[int]) -> None:
    gone = httpx.Response(410, json={"problems": [{"code": code}]})
    one = client(Script(page(1, 2), gone, page(1)))
    with FeedCache(":memory:") as cache:
        cache.pull(one)
        with pytest.raises(errors.Gone) as told:
            cache.pull(one)
        cache.restart(told.value)
        cache.pull(one)
        assert [event.seq for _, event in cache.events()] == kept
        assert cache.gaps() == [2]


def test_what_is_no_json_is_given_as_it_is_or_unreadable() -> None:
    lines = httpx.Response(200, content=b"{}\n{}\n", headers={"content-type": "application/x-ndjson"})
    assert client(Script(lines)).request("GET", "/v1/status.ndjson") == b"{}\n{}\n"
    broken = httpx.Response(200, content=b"<html>\n")
    with pytest.raises(Unreadable):
        list(client(Script(broken)).all_statuses())


def test_what_never_left_is_sent_again_whatever_it_was() -> None:
    script = Script(httpx.ConnectError("refused"), 200)
    client(script).request("POST", "/v1/sign-in", body={})
    assert len(script.asked) == 2


def test_the_attempts_end() -> None:
    script = Script(*[httpx.ConnectError("refused")] * 3)
    with pytest.raises(Unreachable):
        client(script, attempts=3).request("GET", "/healthz")
    assert len(script.slept) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 412, 413, 422, 500])
def test_an_answer_about_the_request_itself_is_final_and_has_its_own_error(status: int) -> None:
    script = Script(status)
    with pytest.raises(Refused) as told:
        client(script).request("GET", "/v1/rounds")
    assert told.value.status == status
    assert type(told.value) is errors.BY_STATUS.get(status, errors.Unavailable if status == 500 else Refused)
    assert len(script.asked) == 1


def test_the_key_does_not_follow_a_redirect_to_another_server() -> None:
    script = Script(httpx.Response(308, headers={"Location": "http://elsewhere.example/v1/rounds"}), 200)
    with pytest.raises(Unreachable):
        client(script).request("GET", "/v1/rounds")
    assert [request.url.host for request in script.asked] == ["server.example"]


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"statuses": 1, "moved": {}, "unknown": []}'])
def test_an_answer_of_another_shape_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        client(Script(httpx.Response(200, content=body))).statuses(["x"])


def test_the_two_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        public = {name: m for name, m in vars(kind).items() if inspect.isfunction(m) and not name.startswith("_")}
        return {name: list(inspect.signature(m).parameters) for name, m in public.items()}

    assert methods(Client) == methods(AsyncClient)


def test_the_asynchronous_client_repeats_in_the_same_way() -> None:
    script = Script(busy(503, "2"), httpx.ReadTimeout("late"), 200)

    async def sleep(seconds: float) -> None:
        script.slept.append(seconds)

    async def ask() -> None:
        transport = httpx.MockTransport(script)
        async with AsyncClient(Options("http://server.example"), transport=transport, sleep=sleep) as client:
            await client.request("POST", "/v1/cycles", body={})

    asyncio.run(ask())
    assert len(script.asked) == 3
    assert len({request.headers["idempotency-key"] for request in script.asked}) == 1
    assert script.slept[0] == 2
