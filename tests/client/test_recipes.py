"""The recipes of docs/client.md, run as their readers run them: a program, a server, nothing else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.statuses_told import told_database, world
from e2e.server import Callers, serving
from factories_rights import World

__all__ = ["told_database", "world"]  # fixtures
RECIPES = Path(__file__).resolve().parents[2] / "examples" / "recipes"


@pytest.fixture(scope="module")
def callers(world: World, told_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with serving(told_database, tmp_path_factory.mktemp("files")) as callers:
        callers.clock.now = world.city.now + timedelta(seconds=1)
        yield callers


def environment(callers: Callers, key: str = "") -> dict[str, str]:
    return os.environ | {"SPECIALTY_EVAL_SERVER": callers.base, "SPECIALTY_EVAL_KEY": key}


def recipe(callers: Callers, name: str, *given: str, key: str = "") -> subprocess.CompletedProcess[str]:
    command = (sys.executable, str(RECIPES / name), *given)
    return subprocess.run(
        command, env=environment(callers, key), capture_output=True, text=True, timeout=60, check=False
    )


def test_read_one_status(world: World, callers: Callers) -> None:
    said = recipe(callers, "read_status.py", world.city.codes["confirmed"])
    assert (said.returncode, said.stderr) == (0, "")
    assert " red " in said.stdout
    assert recipe(callers, "read_status.py", "nobody").returncode == 1


def test_follow_changes(callers: Callers, tmp_path: Path) -> None:
    command = (sys.executable, str(RECIPES / "follow_changes.py"), str(tmp_path / "feed.sqlite"))
    with subprocess.Popen(command, env=environment(callers), stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert "review.confirm" in following.stdout.readline()
        following.send_signal(signal.SIGKILL)


def test_push_every_night(world: World, callers: Callers, tmp_path: Path) -> None:
    review, round_id = world.reviews["open"], str(world.named["next_round"])
    code = callers.get("head-two", f"/v1/reviews/{review}")["code"]
    figures = tmp_path / "figures.csv"
    figures.write_text(f"code,measure,value\n{code},graduates,61\nnobody-1,graduates,1\n", encoding="utf-8")
    said = callers.post("", "/v1/sign-in", {"login": "head-two", "password": callers.password}, 201)

    pushed = recipe(callers, "push_every_night.py", str(figures), round_id, key=said["token"])

    assert pushed.returncode == 1
    assert f"{code} 已保存 saved 1" in pushed.stdout, pushed.stderr
    assert "nobody-1" in pushed.stderr
    kept = callers.get("head-two", f"/v1/reviews/{review}/evidence")
    assert (kept["figures"]["graduates"]["value"], kept["self_evaluation"]) == ("61", "示例自评")
