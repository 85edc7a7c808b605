"""`specialty-eval verify`, run as anybody outside runs it: a file, no database, and an exit status."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.test_bundle import GREEN, RED, bundle
from specialty_eval.cli import run
from specialty_eval.engine.bundle import files_of
from specialty_eval.engine.bundle_archive import packed


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "示例.zip"
    path.write_bytes(packed(files_of(bundle(GREEN, RED))))
    return path


def test_what_follows_ends_with_0(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(file)]) == 0
    assert "A\tgreen\t依数据和办法得出 · follows" in capsys.readouterr().out


def test_what_does_not_follow_ends_with_1_and_its_step(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(packed(files_of(bundle(GREEN, replace(RED, total="80.00")))))

    assert run(["verify", str(file), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [(r["answer"], r["step"], r["expected"], r["found"]) for r in said["ratings"]] == [
        ("follows", "", "", ""), ("does_not_follow", "total", "0.00", "80.00"),
    ]  # fmt: skip


def test_a_wrong_hash_ends_with_1(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = files_of(bundle(GREEN, RED))
    file.write_bytes(packed({**files, "ratings.csv": files["ratings.csv"] + b" "}))

    assert run(["verify", str(file)]) == 1
    assert "ratings.csv 的校验值与清单不符" in capsys.readouterr().err


def test_a_file_that_is_not_there_ends_with_1(tmp_path: Path) -> None:
    assert run(["verify", str(tmp_path / "没有.zip")]) == 1
