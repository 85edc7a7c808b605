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


def test_what_ties_the_file_to_the_notice_is_printed_and_compared(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = bundle(GREEN, RED).lists
    missing = replace(bundle(GREEN, RED), ratings=(GREEN,))
    file.write_bytes(packed(files_of(missing)))

    assert run(["verify", str(file), "--digest", one.digest, "--head", one.seal_head]) == 1
    out = capsys.readouterr().out
    assert all(
        said in out for said in (f"摘要 digest {one.digest}", f"head {one.seal_head}", "total 2，green 1，red 1")
    )
    assert "B\t文件里没有它的评定 has no rating in the file；曾列入第 1 号名单 was on list 1" in out
    assert "     1  名单上公布过、文件里没有的评定" in out
    assert run(["verify", str(file), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["lists"][0]["digest"], said["without_rating"]) == (one.digest, [{"specialty": "B", "lists": [1]}])
    assert said["left_out"] == said["without_rating"]
    for other in ("--digest", "--head"):
        assert run(["verify", str(file), other, "0" * 64]) == 1
        assert "0" * 64 in capsys.readouterr().err
