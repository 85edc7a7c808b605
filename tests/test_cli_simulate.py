"""`specialty-eval policy simulate`, run as a bureau runs it, on files and on a stored round."""

import csv
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from engine.test_simulation import CAP, EVIDENCE, QUOTAS, rules_from
from factories_scored import make_computed
from small_policy import POLICY
from specialty_eval.cli import run
from specialty_eval.store import bundle_queries
from specialty_eval.store.base import make_engine
from specialty_eval.store.simulations import Simulation

TRIED = ("simulate", "new.yaml", "--against", "old.yaml", "--evidence", "evidence.csv", "--quotas", "quotas.csv")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "old.yaml").write_text(rules_from(80), encoding="utf-8")
    (tmp_path / "new.yaml").write_text(rules_from(90, CAP), encoding="utf-8")
    (tmp_path / "evidence.csv").write_bytes(EVIDENCE)
    (tmp_path / "quotas.csv").write_bytes(QUOTAS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_summary_says_who_changes_and_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", *TRIED, "--draws", "100", "--seed", "5"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "原办法 small 1 → 试用办法 small 1，4 个专业",
        "  原来 before：绿牌 2，黄牌 1，红牌 1",
        "  试用 after：绿牌 1，黄牌 1，红牌 2",
        "变色 change of colour：2",
        "  绿牌 → 黄牌：1",
        "  黄牌 → 红牌：1",
        "  fair：只在原来 0，只在试用 1",
        "  good 好：只在原来 1，只在试用 0",
        "  unsafe 不安全：只在原来 0，只在试用 1",
        "招生名额 places：295 → 230，增 0，减 65，1 个专业没有上次计划，未计入",
        "  县 county 371402：225 → 180，增 0，减 45",
        "  县 county 371403：70 → 50，增 0，减 20",
        "  大类 class 61：185 → 120，增 0，减 65",
        "离更好一色 to the next colour：已是最好 1，改一项即可 2，被上限压住 1",
        "权重各自 ±10% 变动 100 次（种子 5），评定不变的专业：每次都相同 4",
    ]


def test_everybodys_result_goes_to_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", *TRIED, "--draws", "0", "--output", "simulation.csv"]) == 0
    with (folder / "simulation.csv").open(encoding="utf-8", newline="") as file:
        told = [(row["specialty"], row["rating_before"], row["rating_after"]) for row in csv.DictReader(file)]
    assert told == [("A", "green", "green"), ("B", "green", "yellow"), ("C", "yellow", "red"), ("D", "red", "red")]


def test_against_itself_nothing_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "simulate", "old.yaml", "--evidence", "evidence.csv", "--draws", "0"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "变色 change of colour：0" in told
    assert "招生名额 places：没有上次招生计划（或办法没有招生规定），未计算" in told


def test_a_mistake_in_the_other_policy_is_said_in_its_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = rules_from(80).replace("rate: green", "rate: blue")
    (folder / "old.yaml").write_text(broken, encoding="utf-8")
    before = sorted(path.name for path in folder.iterdir())
    assert run(["policy", *TRIED, "--output", "simulation.csv"]) == 1
    assert capsys.readouterr().err.startswith("old.yaml，第 ")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_without_figures_it_is_said_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "simulate", "old.yaml"]) == 1
    assert "没有说明对哪些数据模拟" in capsys.readouterr().err


def test_a_stored_round_is_compared_with_its_own_policy_and_nothing_is_kept(
    fresh_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine) as session:
        make_computed(session, {"one-a": "90", "two-a": "60"})
        session.commit()
        monkeypatch.setenv("DATABASE_URL", fresh_database)
        (folder / "copy.yaml").write_text(POLICY.replace("total: {at_least: 80}", "total: {at_least: 82}"), "utf-8")
        code = bundle_queries.rounds(session)[0].code
        at = ["--data", str(folder / "var")]
        assert run(["policy", "simulate", "copy.yaml", "--round", code, "--draws", "10", *at]) == 0
        told = capsys.readouterr().out.splitlines()
        assert [line for line in told if "→ 黄牌" in line] == ["  绿牌 → 黄牌：1"]
        assert session.scalar(sa.select(sa.func.count()).select_from(Simulation)) == 0
        assert run(["policy", "simulate", "copy.yaml", "--round", "nowhere", *at]) == 1
    engine.dispose()


def test_a_round_and_files_are_not_given_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", *TRIED, "--round", "any"]) == 1
    told = capsys.readouterr().err
    assert "不能再给 --evidence" in told
    assert "不能再给 --quotas" in told
