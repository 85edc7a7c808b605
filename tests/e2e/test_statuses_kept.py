"""Whatever happens in three years of a city, a server's statuses in memory follow, without anybody asking.

The walk of `test_walk`, and after each act every status in memory is compared with what the database says: an act that
changed one without an event that tells of it would be found here.
"""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from e2e.path_beginning import begin, start_the_cycle
from e2e.server import Callers, running
from e2e.test_walk import PASSWORD, the_first_year, the_second_year, the_third_year
from keeping import become, told_on, until
from specialty_eval import following, installation
from specialty_eval.store.base import make_engine


class Comparing(Callers):
    """Callers who look after each act whether the statuses have followed."""

    engine: sa.Engine
    files: Path
    compared: int = 0

    def call(self, who: str, method: str, path: str, expect: int, **more: Any) -> Any:
        said = super().call(who, method, path, expect, **more)
        if method != "GET" and "sign-in" not in path and self.app.front.is_full:
            become(self.app.front, told_on(self.engine, self.clock.now, self.files))
            self.compared += 1
        return said


def test_after_every_act_of_three_years_memory_is_what_the_database_says(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "APART", 0.0)
    monkeypatch.setattr(following, "BEAT", 0.01)
    installation.init(fresh_database, tmp_path, city="371400", bureau="示例市教育局", login="admin", password=PASSWORD)
    with running(fresh_database, tmp_path / "files", Comparing) as callers:
        assert isinstance(callers, Comparing)
        callers.password, callers.files = PASSWORD, tmp_path / "files"
        callers.engine = make_engine(fresh_database, pool_size=1)
        front = callers.app.front
        with following.kept(front, fresh_database, callers.clock, callers.files):
            until(lambda: front.is_full, "the statuses are loaded")
            walk = begin(callers)
            start_the_cycle(walk)
            the_second_year(walk, the_first_year(walk))
            the_third_year(walk)
    callers.engine.dispose()
    assert callers.compared > 300
    assert len(front.by_id) > 5
