"""`specialty-eval import`, as an operator runs it: 0 loaded, 1 the file is wrong and nothing is written, 2 a fault."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from specialty_eval.cli import run
from specialty_eval.store.base import make_engine
from specialty_eval.store.registry import Jurisdiction

AREAS = "code,name,kind,parent_code\n370000,示例省,province,\n371400,示例市,city,370000\n"


@pytest.fixture
def folder(tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    return tmp_path


def areas(url: str) -> list[str]:
    engine = make_engine(url, pool_size=1)
    with engine.connect() as connection:
        found = list(connection.scalars(sa.select(Jurisdiction.code).order_by(Jurisdiction.code)))
    engine.dispose()
    return found


def test_a_file_is_loaded_once_and_says_what_it_did(
    folder: Path, fresh_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "areas.csv").write_text(AREAS, encoding="utf-8")
    assert run(["import", "jurisdictions", "areas.csv", "--dry-run"]) == 0
    assert areas(fresh_database) == []
    assert run(["import", "jurisdictions", "areas.csv"]) == 0
    assert run(["import", "jurisdictions", "areas.csv"]) == 0
    assert areas(fresh_database) == ["370000", "371400"]
    told = [line.partition(" · ")[2] for line in capsys.readouterr().out.splitlines()]
    assert [line.rpartition("rows, ")[2] for line in told] == [
        "2 new, 0 changed, 0 unchanged",
        "2 new, 0 changed, 0 unchanged",
        "0 new, 0 changed, 2 unchanged",
    ]


def test_a_file_that_chinese_excel_kept_is_loaded_where_its_charset_is_said(
    folder: Path, fresh_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "areas.csv").write_text(AREAS, encoding="gbk")
    assert run(["import", "jurisdictions", "areas.csv"]) == 1
    assert "gb18030" in capsys.readouterr().err
    assert run(["import", "jurisdictions", "areas.csv", "--charset", "gb18030"]) == 0
    assert "按 gb18030 读取" in capsys.readouterr().out
    assert areas(fresh_database) == ["370000", "371400"]


def test_a_wrong_file_names_every_place_and_writes_nothing(
    folder: Path, fresh_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "areas.csv").write_text(AREAS + "37140,示例县,county,371400\n371403,,town,371400\n", encoding="utf-8")
    assert run(["import", "jurisdictions", "areas.csv"]) == 1
    said = capsys.readouterr()
    assert [line for line in said.err.splitlines() if not line.startswith(" ")] == [
        "areas.csv，第 4 行 · row 4，列 · column code",
        "areas.csv，第 5 行 · row 5，列 · column name",
        "areas.csv，第 5 行 · row 5，列 · column kind",
    ]
    assert (said.out, areas(fresh_database)) == ("", [])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["teachers", "areas.csv"], "teachers"),
        (["jurisdictions", "nowhere.csv"], "nowhere.csv"),
        (["jurisdictions", "areas.txt"], "areas.txt"),
        (["catalogue", "areas.csv"], "edition"),
        (["figures", "areas.csv"], "policy"),
        (["jurisdictions"], "import"),
    ],
)
def test_a_wrong_call_ends_with_one(
    folder: Path, arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("areas.csv", "areas.txt"):
        (folder / name).write_text(AREAS, encoding="utf-8")
    assert run(["import", *arguments]) == 1
    said = capsys.readouterr()
    assert (code in said.err, "Traceback" in said.err) == (True, False)


def test_a_database_that_does_not_answer_is_no_fault_of_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "areas.csv").write_text(AREAS, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    assert run(["import", "jurisdictions", "areas.csv"]) == 1
    assert "DATABASE_URL" in capsys.readouterr().err


def test_a_fault_ends_with_two(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "areas.csv").write_text(AREAS, encoding="utf-8")
    (folder / "files").write_text("not a folder", encoding="utf-8")
    assert run(["import", "jurisdictions", "areas.csv", "--data", str(folder)]) == 2
