"""How commands are called: a wrong one is told so in both languages and ends with 1; a password comes by a pipe too."""

import os
import subprocess
import sys

import pytest

from specialty_eval.cli import run


@pytest.mark.parametrize(
    ("arguments", "zh", "see"),
    [
        (["nosuch"], "命令写得不对", "specialty-eval --help"),
        (["serve", "--port", "x"], "参数的值不对", "specialty-eval serve --help"),
        (["serve", "--bogus"], "没有这个选项", "specialty-eval serve --help"),
        (["init"], "缺少参数", "specialty-eval init --help"),
        (["policy", "check"], "缺少参数", "specialty-eval policy check --help"),
        (["calendar", "2026", "--reason", "示例", "--off", "2026-13-01"], "参数的值不对", "specialty-eval"),
    ],
)
def test_a_wrong_call_is_told_in_both_languages_with_what_to_do(
    arguments: list[str], zh: str, see: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{zh} · ")
    assert see in said.splitlines()[1]
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", [[], ["--help"], ["policy"], ["policy", "score", "--help"]])
def test_help_has_both_languages(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == (0 if "--help" in arguments else 1)
    said = capsys.readouterr().out
    assert "选项 · Options" in said
    assert "显示本说明" in said
    assert "Show this message" not in said


@pytest.mark.parametrize(
    ("piped", "status", "said"), [("", 1, "没有读到密码"), ("示例-long-enough\r\n", 0, "已建立管理员 admin")]
)
def test_a_password_can_be_piped_in(fresh_database: str, piped: str, status: int, said: str) -> None:
    command = [sys.executable, "-W", "error", "-c", "from specialty_eval.cli import main; main()"]
    ended = subprocess.run([*command, "init", "--login", "admin"], input=piped, capture_output=True, text=True,
                           timeout=60, check=False, env={**os.environ, "DATABASE_URL": fresh_database})  # fmt: skip

    assert (ended.returncode, said in ended.stdout + ended.stderr) == (status, True)
    assert "Warning" not in ended.stderr
