"""`specialty-eval policy check` and `policy score`, run as a bureau runs them."""

import csv
import io
import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.policy_texts import SMALL, changed
from specialty_eval import cli_policy
from specialty_eval.cli import run

EVIDENCE = "specialty,graduates,employed\nA,100,95\nB,100,60\n"
RESULTS = "specialty,total,dimension:outcomes,rating,reasons\nA,100.00,100.00,green,high\nB,0.00,0.00,red,low\n"


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    status: int
    out: bytes
    err: bytes


class Desk:
    """A folder with files, and the command run in it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder, self.capture = folder, capture
        self.put("policy.yaml", SMALL)
        self.put("evidence.csv", EVIDENCE)

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, *arguments: str) -> Done:
        status = run(["policy", *arguments])
        return Done(status, *self.capture.readouterr())

    def run_alone(self, *arguments: str, locale: str) -> Done:
        """In a process of its own."""
        command = [sys.executable, "-c", "from specialty_eval.cli import main; main()", "policy", *arguments]
        environment = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, check=False, timeout=60)
        return Done(done.returncode, done.stdout, done.stderr)

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


@pytest.fixture
def desk(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capfdbinary)


def score(desk: Desk, *more: str) -> Done:
    return desk.run("score", "policy.yaml", "--evidence", "evidence.csv", *more)


def test_a_right_policy_is_summed_up_with_its_digest(desk: Desk) -> None:
    done = desk.run("check", "policy.yaml")
    assert (done.status, done.err) == (0, b"")
    first, *_, digest, lacking = done.out.decode().splitlines()
    assert first == "policy.yaml：没有问题 · no problems"
    assert digest.startswith("  SHA-256 ")
    assert lacking.endswith("title, jurisdiction, enrolment, workflow, committee")


def test_every_mistake_is_listed_in_both_languages_chinese_first(desk: Desk) -> None:
    desk.put("policy.yaml", changed(("weight: 100", "weight: 99"), ("rate: green", "rate: blue")))
    done = desk.run("check", "policy.yaml")
    assert (done.status, done.out) == (1, b"")
    assert done.err.decode().splitlines() == [
        "policy.yaml，第 17 行 · line 17，indicators",
        "  权重之和是 99，应当正好是 100",
        "    → 请调整权重",
        "  The weights add up to 99; they must make exactly 100",
        "    → Adjust the weights",
        "policy.yaml，第 20 行 · line 20，rating.rules[0].rate",
        "  “blue”不在可选范围内",
        "    → 可以写：green、yellow、red、unrated",
        "  “blue” is not one of the choices",
        "    → May be: green, yellow, red, unrated",
    ]


def test_results_go_to_standard_output(desk: Desk) -> None:
    done = score(desk)
    assert (done.status, done.out, done.err) == (0, RESULTS.encode(), b"")


def test_somebody_at_a_terminal_is_told_which_columns_the_file_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    cli_policy.tell_what_lacks(["share", "award"], b'\xef\xbb\xbf"specialty",year,award\nA,2024,1\n')
    assert (
        capsys.readouterr().err.strip().endswith("没有这些列，按未报告计算 · no column, taken as not reported: share")
    )


def test_results_go_to_a_file(desk: Desk) -> None:
    done = score(desk, "--output", "results.csv")
    assert (done.status, done.out) == (0, b"")
    assert desk.files()["results.csv"] == RESULTS.encode()
    assert stat.S_IMODE((desk.folder / "results.csv").stat().st_mode) & 0o400


def test_history_is_taken_into_account(desk: Desk) -> None:
    step = "{code: step, now: green, becomes: yellow, when: {previous: {of_last: 1, at_least: 1, one_of: [red]}}}"
    desk.put("policy.yaml", f"{SMALL}  history: [{step}]\n")
    desk.put("history.csv", "specialty,year,rating\nA,2024,red\n")
    assert score(desk, "--history", "history.csv").out.splitlines()[1] == b"A,100.00,100.00,yellow,high;step"


@pytest.mark.parametrize("before", [None, b"what was there\n"])
def test_with_any_problem_no_output_file_is_written(desk: Desk, before: bytes | None) -> None:
    if before is not None:
        desk.put("results.csv", before)
    desk.put("evidence.csv", EVIDENCE + "C,1e3,１２\n")
    kept = desk.files()
    done = score(desk, "--output", "results.csv")
    assert (done.status, done.out, desk.files()) == (1, b"", kept)
    assert [line for line in done.err.decode().splitlines() if not line.startswith(" ")] == [
        "evidence.csv，第 4 行 · row 4，列 · column graduates",
        "evidence.csv，第 4 行 · row 4，列 · column employed",
    ]


def test_a_check_speaks_in_its_own_words(desk: Desk) -> None:
    desk.put("evidence.csv", "specialty,graduates,employed\nA,10,11\n")
    done = score(desk)
    assert done.status == 1
    assert "违反核对规则 too-many：就业人数不能多于毕业生数（employed=11, graduates=10）" in done.err.decode()


def test_every_missing_file_is_named(desk: Desk) -> None:
    done = desk.run("score", "policy.yaml", "--evidence", "nowhere.csv", "--history", "neither.csv")
    assert done.status == 1
    assert [line for line in done.err.decode().splitlines() if not line.startswith(" ")] == [
        "nowhere.csv",
        "neither.csv",
    ]


def test_a_folder_is_no_file(desk: Desk) -> None:
    done = desk.run("check", ".")
    assert (done.status, b"Traceback" in done.err) == (1, False)


def test_results_that_cannot_be_written_leave_nothing_behind(desk: Desk) -> None:
    kept = desk.files()
    for place in ("nowhere/results.csv", "."):
        done = score(desk, "--output", place)
        assert (done.status, b"Traceback" in done.err, desk.files()) == (1, False, kept)


@pytest.mark.skipif(os.name == "nt", reason="there is no such device")
def test_results_can_go_to_a_pipe(desk: Desk) -> None:
    done = desk.run_alone(
        "score", "policy.yaml", "--evidence", "evidence.csv", "--output", "/dev/stdout", locale="C.UTF-8"
    )
    assert (done.status, done.out) == (0, RESULTS.encode())


def test_a_link_keeps_being_one(desk: Desk) -> None:
    desk.put("real.csv", "old")
    (desk.folder / "link.csv").symlink_to("real.csv")
    assert score(desk, "--output", "link.csv").status == 0
    assert (desk.folder / "link.csv").is_symlink()
    assert desk.files()["real.csv"] == RESULTS.encode()


@pytest.mark.parametrize("arguments", [("check",), ("score", "policy.yaml"), ("chek", "policy.yaml"), ("check", "--x")])
def test_a_wrong_call_is_wrong_input(desk: Desk, arguments: tuple[str, ...]) -> None:
    done = desk.run(*arguments)
    assert (done.status, b"Traceback" in done.err) == (1, False)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"PK\x03\x04 a workbook",
        b"a: &a [*a, *a]",
        b"id: [",
        b"[" * 100_000,
        b"x" * 1_000_000,
        "id: １２".encode(),
        b"id: yes\nid: no\n",
    ],
)
def test_bad_input_never_ends_in_a_traceback(desk: Desk, content: bytes) -> None:
    desk.put("bad", content)
    for arguments in (("check", "bad"), ("score", "policy.yaml", "--evidence", "bad")):
        done = desk.run(*arguments)
        assert (done.status, done.out, b"Traceback" in done.err) == (1, b"", False)
        assert done.err != b""


def test_a_terminal_without_chinese_is_no_fault(desk: Desk) -> None:
    desk.put("policy.yaml", changed(("weight: 100", "weight: 99")))
    done = desk.run_alone("check", "policy.yaml", locale="C")
    assert (done.status, b"Traceback" in done.err) == (1, False)


def test_neither_command_loads_what_serves_the_web() -> None:
    # pydantic isn't looked for: the command line library itself reads its arguments with it.
    code = """
import sys, pathlib, tempfile
from specialty_eval.cli import run
here = pathlib.Path(tempfile.mkdtemp())
(here / "p.yaml").write_text(sys.argv[1])
(here / "e.csv").write_text(sys.argv[2])
assert run(["policy", "check", str(here / "p.yaml")]) == 0
assert "numpy" not in sys.modules, "checking needs no NumPy"
assert run(["policy", "score", str(here / "p.yaml"), "--evidence", str(here / "e.csv")]) == 0
print(sorted({"fastapi", "sqlalchemy", "psycopg", "polars", "openpyxl"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, SMALL, EVIDENCE], capture_output=True, check=False, timeout=60, text=True
    )
    assert (done.stdout.splitlines()[-1], done.returncode) == ("[]", 0)


def test_importing_the_engine_loads_no_library() -> None:
    code = """
import sys
import specialty_eval.engine
print(sorted({"numpy", "ruamel.yaml", "transitions", "ruamel"} & set(sys.modules)))
assert callable(specialty_eval.engine.load_policy)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0)


def test_the_sample_that_the_readme_scores_is_there_and_scores(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).resolve().parents[1]
    said = re.findall(r"^\.venv/bin/specialty-eval (policy score .*)$", (root / "README.md").read_text("utf-8"), re.M)
    assert len(said) == 2  # in both languages
    monkeypatch.chdir(root)

    assert run(said[0].split()) == 0
    ratings = [line["rating"] for line in csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert (len(ratings), set(ratings)) == (11, {"green", "yellow", "red", "unrated"})
