"""The client and a server on a socket, over a rich world: what it reads is what the server has."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from api.statuses_told import OLD, told_database, world
from e2e.server import Callers, serving
from factories_rights import World
from specialty_eval.cli import run
from specialty_eval_client import AsyncClient, Client, FeedCache, Options, cli, errors, feed, follow

__all__ = ["told_database", "world"]  # fixtures


@pytest.fixture(scope="module")
def callers(world: World, told_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with serving(told_database, tmp_path_factory.mktemp("files")) as callers:
        callers.clock.now = world.city.now + timedelta(seconds=1)
        yield callers


@pytest.fixture
def public(callers: Callers) -> Iterator[Client]:
    with Client(Options(callers.base)) as client:
        yield client


def signed_in(callers: Callers, who: str) -> Client:
    said = callers.post("", "/v1/sign-in", {"login": who, "password": callers.password}, 201)
    return Client(Options(callers.base, said["token"]))


def test_a_status_is_typed_and_the_servers(world: World, callers: Callers, public: Client) -> None:
    code = world.city.codes["confirmed"]
    found = public.status(code)
    said = callers.get("", f"/v1/specialties/{code}/status")
    assert (found.rating, found.standing, dict(found.quota)) == (said["rating"], said["standing"], said["quota"])
    assert str(found.valid_from) == str(said["valid_from"])
    assert found.known_at.isoformat() == said["known_at"].replace("Z", "+00:00")


def test_a_superseded_code_is_followed_and_a_closed_one_told(world: World, public: Client) -> None:
    assert public.status(OLD).code == world.city.codes["decided"]
    assert public.status(world.city.codes["previewed"]).closed_on is not None


def test_an_unchanged_status_is_the_one_known(world: World, public: Client) -> None:
    known = public.status(world.city.codes["publicised"])
    assert known.etag
    assert public.refreshed(known) is known


def test_a_refusal_has_every_reason_and_what_to_do(public: Client) -> None:
    with pytest.raises(errors.NotFound) as told:
        public.status("nobody")
    (problem,) = told.value.problems
    assert problem.code
    assert problem.zh
    assert problem.next_en


def test_more_statuses_than_one_question_takes(world: World, public: Client) -> None:
    codes = sorted(world.city.codes.values())
    asked = [*codes, *(f"nobody-{n}" for n in range(1500)), OLD]
    found = public.statuses(asked)
    assert [s.code for s in found.statuses][: len(codes)] == codes
    assert len(found.unknown) == 1500
    assert found.moved == {OLD: world.city.codes["decided"]}


def test_the_whole_list_comes_line_by_line(callers: Callers, public: Client) -> None:
    lines = callers.ask("", "GET", "/v1/status.ndjson").text.splitlines()
    assert [s.code for s in public.all_statuses()] == [json.loads(line)["code"] for line in lines]


def test_pages_are_turned(public: Client) -> None:
    by_two = [row["code"] for row in public.pages("/v1/specialties", limit=2)]
    assert len(by_two) > 4
    assert by_two == [row["code"] for row in public.pages("/v1/specialties", limit=500)]


def test_a_draft_is_saved_over_the_version_read_and_no_other(world: World, callers: Callers) -> None:
    review = world.reviews["open"]
    with signed_in(callers, "editor-two") as school:
        before = school.draft(review)
        after = school.save_draft(review, {"graduates": "12"}, if_match=before.etag)
        assert after.etag != before.etag
        assert after.value["figures"]["graduates"]["value"] == "12"
        with pytest.raises(errors.Changed):
            school.save_draft(review, {"graduates": "13"}, if_match=before.etag)


def test_the_feed_is_kept_whole_and_goes_on_where_it_was(public: Client, tmp_path: Path) -> None:
    everything = [event.seq for page in public.events(limit=7) for event in page.rows]
    assert len(everything) > 20
    with FeedCache(tmp_path / "feed.sqlite") as cache:
        assert cache.pull(public) == len(everything)
        read = [event.seq for event in islice(cache.unread("a"), 5)]
    with FeedCache(tmp_path / "feed.sqlite") as again:  # the fifth was not finished: it comes once more
        assert [*read[:4], *(event.seq for event in again.unread("a"))] == everything
        assert list(again.unread("a")) == []
        assert [event.seq for event in again.unread("b")] == everything
        assert again.pull(public) == 0
        again.restart()
        assert again.pull(public) == 0
        assert len(again) == len(everything)


def test_a_snapshot_says_how_things_stand_and_where_to_follow_from(public: Client) -> None:
    *_, last = pages = list(public.snapshot(limit=7))
    subjects = [(event.subject_kind, event.subject_id) for page in pages for event in page.rows]
    assert len(subjects) == len(set(subjects)) > 7
    assert last.resume is not None
    assert [page.rows for page in public.events(after=last.resume)] == [()]


def test_a_key_without_roles_manages_the_webhooks_of_its_own(callers: Callers) -> None:
    with signed_in(callers, "administrator") as administrator:
        made = administrator.request("POST", "/v1/keys", body={"label": "示例平台"})
    with Client(Options(callers.base, made["secret"])) as platform:
        webhook = platform.request("POST", "/v1/webhooks", body={"url": "https://platform.example/in"})
        assert platform.request("POST", f"/v1/webhooks/{webhook['id']}/rotate")["secret"] != webhook["secret"]


def test_a_cache_is_of_one_server_and_one_question(public: Client, tmp_path: Path) -> None:
    with FeedCache(tmp_path / "feed.sqlite") as cache:
        cache.pull(public, ["review.confirm"])
        with pytest.raises(feed.OtherFeed):
            cache.pull(public)


def test_what_comes_while_following_is_followed(callers: Callers, world: World, public: Client) -> None:
    waited: list[float] = []

    def act(seconds: float) -> None:
        if not waited:
            path = f"/v1/reviews/{world.reviews['submitted']}/exempt"
            callers.post("secretary", path, {"reason": "示例"})
        waited.append(seconds)  # the feed waits for whatever else runs on this server: there may be several
        time.sleep(0.05)

    with FeedCache(":memory:") as cache, signed_in(callers, "secretary") as secretary:
        seen = follow(secretary, cache, every=3.0, sleep=act)
        found = next(event for event in seen if event.kind == "review.exempt")
    assert (found.after, found.subject_id) == ("exempted", world.reviews["submitted"])
    assert set(waited) == {3.0}


def test_the_asynchronous_client_reads_the_same(world: World, callers: Callers, public: Client) -> None:
    async def read() -> list[Any]:
        async with AsyncClient(Options(callers.base)) as client:
            with FeedCache(":memory:") as cache:
                new = await cache.pull_async(client)
            return [
                (await client.status(world.city.codes["confirmed"])).rating,
                [s.code async for s in client.all_statuses()],
                [row["code"] async for row in client.pages("/v1/specialties", limit=2)],
                new,
            ]

    with FeedCache(":memory:") as cache:
        assert asyncio.run(read()) == [
            public.status(world.city.codes["confirmed"]).rating,
            [s.code for s in public.all_statuses()],
            [row["code"] for row in public.pages("/v1/specialties")],
            cache.pull(public),
        ]


def test_the_command_tells_a_status(world: World, callers: Callers, capsys: pytest.CaptureFixture[str]) -> None:
    code = world.city.codes["confirmed"]
    assert run(["status", code, "--server", callers.base]) == 0
    said = capsys.readouterr().out
    assert code in said
    assert "现行等级 rating    红牌 red" in said
    assert run(["status", code, "--server", callers.base, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rating"] == "red"


def test_the_command_says_what_is_wrong(callers: Callers, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "nobody", "--server", callers.base]) == 1
    assert "·" in capsys.readouterr().err
    assert run(["status", "nobody", "--server", "http://127.0.0.1:9"]) == 2
    assert "没有应答" in capsys.readouterr().err


def test_a_watched_status_is_told_again_only_when_it_changed(callers: Callers, world: World, public: Client) -> None:
    code = world.city.codes["listed"]
    watched = cli.changes(public, [code], 0, sleep=lambda _: callers.get("", "/healthz"))
    next(watched)
    callers.clock.now += timedelta(hours=1)
    callers.post("head-two", f"/v1/specialties/{code}/close", {"reason": "示例", "students": 0})
    assert next(watched).closed_on is not None
