"""`specialty-eval evidence …`, as an operator runs it: a template, a file shown, the yes; 1 with every problem."""

import io
import pty
import time
from contextlib import redirect_stderr
from pathlib import Path
from typing import IO

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_city
from small_policy import POLICY
from specialty_eval import cli_progress, installation_evidence
from specialty_eval.actions import cycles
from specialty_eval.cli import run
from specialty_eval.store import staging_progress
from specialty_eval.store.base import make_engine
from specialty_eval.store.reviews import Figure

ROWS = "school_code,catalogue_code,year,graduates\n3637000001,710201,2025,４０\n3637000001,660103,2025,30\n"


@pytest.fixture
def folder(tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        cycles.import_policy(make_city(session).as_("policy-editor"), POLICY)
        session.commit()
    engine.dispose()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    return tmp_path


def values(url: str) -> list[str]:
    engine = make_engine(url, pool_size=1)
    with engine.connect() as connection:
        found = connection.scalars(sa.select(Figure.value).where(Figure.superseded_at.is_(None)).order_by(Figure.id))
        told = list(found)
    engine.dispose()
    return told


def test_a_file_is_shown_and_taken_by_the_hash_that_was_shown(
    folder: Path, fresh_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "city.csv").write_text(ROWS, encoding="utf-8")
    assert run(["evidence", "template", "t.xlsx", "--policy", "small@1", "--year", "2025"]) == 0
    assert (folder / "t.xlsx").read_bytes().startswith(b"PK")
    assert run(["evidence", "import", "city.csv", "--policy", "small@1", "--workbook", "back.xlsx"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "读作“40”" in told[1]
    assert told[2:5] == [
        "city.csv，按 utf-8 读取 read：2 行 rows，新增 new 2，更改 changed 0，去掉 gone 0，不变 unchanged 0",
        "+ 3637000001-710201 2025 graduates：None → 40",
        "+ 3637000001-660103 2025 graduates：None → 30",
    ]
    assert (folder / "back.xlsx").read_bytes().startswith(b"PK")
    assert values(fresh_database) == []
    assert run(["evidence", "confirm", "1", "0" * 64]) == 1
    assert run(told[5].rpartition("specialty-eval ")[2].split()) == 0
    assert values(fresh_database) == ["40", "30"]


def test_a_wrong_file_says_every_problem_and_cannot_be_taken(
    folder: Path, fresh_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "city.csv").write_text(ROWS + "3637000001,660103,2024,1.5\nx,710201,2024,1\n", encoding="gb18030")
    assert run(["evidence", "import", "city.csv", "--policy", "small@1", "--yes"]) == 1
    capsys.readouterr()
    assert run(["evidence", "import", "city.csv", "--policy", "small@1", "--charset", "gb18030", "--yes"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if not line.startswith(" ")] == [
        "city.csv，第 4 行 · row 4，列 · column graduates", "city.csv，第 5 行 · row 5，列 · column school_code",
    ]  # fmt: skip
    assert values(fresh_database) == []


def test_how_far_a_file_is_is_shown_on_a_terminal_after_two_seconds(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen_on(stream: IO[str]) -> None:
        with redirect_stderr(stream), Session(engine) as session, installation_evidence.looking(session, 7) as look:
            staging_progress.tell(session, 7, staging_progress.Told("laying", 5, 10))
            with cli_progress.shown(look):
                time.sleep(0.5)
                assert look() == ("laying", 5, 10)

    monkeypatch.setattr(cli_progress, "AFTER", 0.05)
    monkeypatch.setattr(cli_progress, "BEAT", 0.02)
    engine = make_engine(fresh_database, pool_size=1)
    master, slave = pty.openpty()
    with open(slave, "w", encoding="utf-8") as terminal, open(master, "rb", buffering=0) as watcher:
        seen_on(terminal)
        shown = watcher.read(1 << 16).decode(errors="replace")
    assert "laying down" in shown
    assert "50%" in shown
    elsewhere = io.StringIO()
    seen_on(elsewhere)
    assert elsewhere.getvalue() == ""
    engine.dispose()
