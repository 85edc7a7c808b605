"""Statuses from memory: byte for byte as the routes answer, in every way of asking that memory answers."""

from urllib.parse import quote

import pytest

from api.statuses_told import OLD, both, kept, told_database, world
from factories_rights import World
from keeping import Kept

__all__ = ["kept", "told_database", "world"]  # fixtures


def at(code: str) -> str:
    return f"/v1/specialties/{code}/status"


def test_every_status_of_a_rich_world_is_the_routes(world: World, kept: Kept) -> None:
    statuses = [both(kept, "GET", at(code)).status for code in world.city.codes.values()]

    assert set(statuses) == {200, 410}
    assert len(statuses) > 9


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_way_to_ask_is_answered_alike(world: World, kept: Kept, method: str) -> None:
    code = world.city.codes["publicised"]
    whole = both(kept, method, at(code))
    tag = whole.headers["etag"]

    assert whole.status == 200
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        assert both(kept, method, at(code), if_none_match=known).status == 304
    assert both(kept, method, at(code), if_none_match='"x"').status == 200
    assert both(kept, method, at(world.city.codes["previewed"])).status == 410
    moved = both(kept, method, at(OLD))
    assert (moved.status, moved.headers["location"]) == (308, quote(at(world.city.codes["decided"])))
    for unknown in ("nobody-has-this", "没有-的", "x" * 200, "x" * 201, "a\tb", "x/y", ""):
        assert both(kept, method, at(unknown)).status == 404


def test_what_is_asked_otherwise_is_left_to_the_routes(world: World, kept: Kept) -> None:
    code = world.city.codes["publicised"]

    assert both(kept, "GET", f"{at(code)}?valid_at=2026-01-01").status == 200
    assert both(kept, "GET", f"{at(code)}?valid_at=soon").status == 422
    assert both(kept, "POST", at(code)).status == 405
    assert both(kept, "GET", at(code), authorization="Bearer tok_nobody-has-this").status == 401


def test_an_answer_is_as_old_as_the_databases_last_word(world: World, kept: Kept) -> None:
    front, code = kept.app.front, world.city.codes["publicised"]
    assert "age" not in kept.fast("GET", at(code)).headers
    before = front.aged(3.7)
    assert before == ((b"age", b"3"), (b"status-sequence", b"%d" % front.sequence))
