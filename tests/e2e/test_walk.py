"""The whole path over HTTP, as one test: three years of a small city, from its first file to the cycle's end.

Whatever happens here happens through the API, but for `init`: an installation begins with its first administrator. The
figures can be followed by hand: a total is 0.7 × employed (of a hundred graduates) + 0.1 × the experts' 80 + 0.2 × 50
posts, green from 80, yellow from 60. Every quota begins at 100 with a capacity of 110: green 15 % more, yellow 30 %
less, red a half and then nothing; a recheck passed gives a yellow one all of it back.

After each act every status in a server's memory is compared with what the database says: an act that changed one
without an event that tells of it would be found here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from e2e import path_after_rating as after
from e2e.path_beginning import FIRST, Walk, begin, collect, conclude, report_the_year, start_the_cycle
from e2e.path_deliberation import decide, first_meeting
from e2e.path_evidence import first_round
from e2e.path_publication import publicise, publicise_and_confirm, the_others_are_confirmed, two_objections
from e2e.path_scoring import challenge_days_pass, score, two_challenges
from e2e.path_small_year import a_small_year
from e2e.server import Callers, running
from keeping import become, told_on, until
from specialty_eval import following, installation
from specialty_eval.store.base import make_engine

PASSWORD = "示例密码-2026-走查"


class Comparing(Callers):
    """Callers who look after each act whether the statuses in memory have followed."""

    engine: sa.Engine
    files: Path
    compared: int = 0

    def call(self, who: str, method: str, path: str, expect: int, **more: Any) -> Any:
        said = super().call(who, method, path, expect, **more)
        if method != "GET" and "sign-in" not in path and self.app.front.is_full:
            become(self.app.front, told_on(self.engine, self.clock.now, self.files))
            self.compared += 1
        return said


@pytest.fixture
def callers(fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Comparing]:
    """Of a new installation, whose server keeps the statuses in memory."""
    monkeypatch.setattr(following, "APART", 0.0)
    monkeypatch.setattr(following, "BEAT", 0.01)
    files, engine = tmp_path / "files", make_engine(fresh_database, pool_size=1)
    installation.init(fresh_database, tmp_path, city="371400", bureau="示例市教育局", login="admin", password=PASSWORD)
    with running(fresh_database, files, Comparing) as callers:
        assert isinstance(callers, Comparing)
        callers.password, callers.files, callers.engine = PASSWORD, files, engine
        with following.kept(callers.app.front, fresh_database, callers.clock, files):
            until(lambda: callers.app.front.is_full, "the statuses are loaded")
            yield callers
    engine.dispose()


def test_the_whole_path_over_http(callers: Comparing, fresh_database: str, tmp_path: Path) -> None:
    walk = begin(callers)
    start_the_cycle(walk)
    mended = the_first_year(walk)
    the_second_year(walk, mended)
    head = the_third_year(walk)  # chained into it: whatever was done before the last list went out
    assert installation.verify_events(fresh_database, tmp_path, head) > 100
    assert (callers.compared > 300, len(callers.app.front.by_id) > 5) == (True, True)


def the_first_year(walk: Walk) -> str:
    """Five specialties, and everything that can happen to one; where the rectification of one-b is to be found."""
    collect(walk, 1)
    report_the_year(walk, 2025, "two-b", "city-b")
    first_round(walk, 2025)
    assert score(walk, 1) == {
        "one-a": "84.50", "one-b": "67.00", "one-c": "77.50", "two-a": "53.00", "city-a": "49.50",
    }  # fmt: skip
    two_challenges(walk)
    challenge_days_pass(walk, 1)
    assert first_meeting(walk) == {
        "one-a": "green", "one-b": "yellow", "one-c": "green", "two-a": "red", "city-a": "red",
    }  # fmt: skip
    listed = publicise(walk, 1, *walk.in_round(1))
    the_others_are_confirmed(walk, listed, two_objections(walk, listed))
    walk.callers.clock.wait(5)  # what was scored again has its challenge days too
    assert decide(walk, 1, ["one-a"], FIRST) == {"one-a": "green"}
    publicise_and_confirm(walk, 1, "one-a", "3")
    quotas = {"one-a": 110, "one-b": 70, "one-c": 110, "two-a": 50, "city-a": 40, "two-b": 100, "city-b": 100}
    assert after.approved_plan(walk, 2026, 1, {"city-a": 40}) == quotas
    mended = after.hand_in_plan(walk, "one-b", "2026-12-01")
    known_before = walk.callers.clock.now.isoformat()
    appeal = after.appeal_upheld(walk, "two-a")
    after.both_ratings_are_readable(walk, "two-a", known_before)
    after.set_the_cut_aside(walk, appeal)
    assert after.approved_plan(walk, 2026, 2, {"city-a": 40}) == {**quotas, "two-a": 70}
    after.hand_in_plan(walk, "two-a", "2026-12-01")
    conclude(walk, 1)
    assert after.begin_year(walk, 2026) == {
        "one-a": "supported", "one-b": "restricted", "one-c": "supported", "two-a": "restricted",
        "city-a": "phasing_out", "two-b": "restricted", "city-b": "supported",
    }  # fmt: skip
    return mended


def the_second_year(walk: Walk, mended: str) -> None:
    """A second yellow in a row is red; one-b has mended."""
    a_small_year(walk, 2027, "two-b", "red", "5")
    after.recheck_passed(walk, "one-b", mended)
    assert after.approved_plan(walk, 2027, 1) == {
        "one-a": 110, "one-b": 100, "one-c": 110, "two-a": 70, "city-a": 0, "two-b": 50, "city-b": 100,
    }  # fmt: skip
    standings = after.begin_year(walk, 2027)
    assert (standings["one-b"], standings["city-a"], standings["two-b"]) == ("normal", "suspended", "phasing_out")


def the_third_year(walk: Walk) -> str:
    """Yellow in the place of the opening balance's green; the cycle ends, and everybody reads how. The last head."""
    assert len(after.confirmations(walk, 7)) == 7
    head = a_small_year(walk, 2028, "city-b", "yellow", "6")
    after.approved_plan(walk, 2028, 1)
    after.begin_year(walk, 2028)
    conclude(walk, 2, 3)
    at = f"/v1/cycles/{walk.cycle}"
    assert walk.callers.post("secretary", f"{at}/conclude")["state"] == "concluded"
    assert after.final(walk) == {
        "one-a": ("green", 2025, "supported", {"2025": 100, "2026": 110, "2027": 110, "2028": 110}),
        "one-b": ("yellow", 2025, "normal", {"2025": 100, "2026": 70, "2027": 100, "2028": 100}),
        "one-c": ("green", 2025, "supported", {"2025": 100, "2026": 110, "2027": 110, "2028": 110}),
        "two-a": ("yellow", 2025, "restricted", {"2025": 100, "2026": 70, "2027": 70, "2028": 70}),
        "city-a": ("red", 2025, "suspended", {"2025": 100, "2026": 40, "2027": 0, "2028": 0}),
        "two-b": ("red", 2026, "suspended", {"2025": 100, "2026": 100, "2027": 50, "2028": 0}),
        "city-b": ("yellow", 2027, "restricted", {"2025": 100, "2026": 100, "2027": 100, "2028": 70}),
    }
    after.told_to_everybody(walk)
    return head
