"""`specialty-eval policy check` and `policy score`, run as a bureau runs them."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.policy_texts import SMALL, changed

EVIDENCE = "specialty,graduates,employed\nA,100,95\nB,100,60\n"
RESULTS = "specialty,total,dimension:outcomes,rating,reasons\nA,100.00,100.00,green,high\nB,0.00,0.00,red,low\n"
COMMAND = [sys.executable, "-c", "from specialty_eval.cli import main; main()", "policy"]


class Desk:
    """A folder with files, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.put("policy.yaml", SMALL)
        self.put("evidence.csv", EVIDENCE)

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, *arguments: str, locale: str = "C.UTF-8") -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "LC_ALL": locale, "COLUMNS": "120"}
        return subprocess.run(
            [*COMMAND, *arguments], cwd=self.folder, env=environment, capture_output=True, check=False, timeout=60
        )

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def score(desk: Desk, *more: str) -> subprocess.CompletedProcess[bytes]:
    return desk.run("score", "policy.yaml", "--evidence", "evidence.csv", *more)


def test_a_right_policy_is_summed_up_with_its_digest(desk: Desk) -> None:
    done = desk.run("check", "policy.yaml")
    assert (done.returncode, done.stderr) == (0, b"")
    first, *_, digest, lacking = done.stdout.decode().splitlines()
    assert first == "policy.yaml：没有问题 · no problems"
    assert digest.startswith("  SHA-256 ")
    assert lacking.endswith("title, jurisdiction, enrolment, workflow, committee")


def test_every_mistake_is_listed_in_both_languages_chinese_first(desk: Desk) -> None:
    desk.put("policy.yaml", changed(("weight: 100", "weight: 99"), ("rate: green", "rate: blue")))
    done = desk.run("check", "policy.yaml")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().splitlines() == [
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
    assert (done.returncode, done.stdout, done.stderr) == (0, RESULTS.encode(), b"")


def test_results_go_to_a_file(desk: Desk) -> None:
    done = score(desk, "--output", "results.csv")
    assert (done.returncode, done.stdout) == (0, b"")
    assert desk.files()["results.csv"] == RESULTS.encode()
    assert stat.S_IMODE((desk.folder / "results.csv").stat().st_mode) & 0o400


def test_history_is_taken_into_account(desk: Desk) -> None:
    step = "{code: step, now: green, becomes: yellow, when: {previous: {of_last: 1, at_least: 1, one_of: [red]}}}"
    desk.put("policy.yaml", f"{SMALL}  history: [{step}]\n")
    desk.put("history.csv", "specialty,year,rating\nA,2024,red\n")
    assert score(desk, "--history", "history.csv").stdout.splitlines()[1] == b"A,100.00,100.00,yellow,high;step"


@pytest.mark.parametrize("before", [None, b"what was there\n"])
def test_with_any_problem_no_output_file_is_written(desk: Desk, before: bytes | None) -> None:
    if before is not None:
        desk.put("results.csv", before)
    desk.put("evidence.csv", EVIDENCE + "C,1e3,１２\n")
    kept = desk.files()
    done = score(desk, "--output", "results.csv")
    assert (done.returncode, done.stdout, desk.files()) == (1, b"", kept)
    assert [line for line in done.stderr.decode().splitlines() if not line.startswith(" ")] == [
        "evidence.csv，第 4 行 · row 4，列 · column graduates",
        "evidence.csv，第 4 行 · row 4，列 · column employed",
    ]


def test_a_check_speaks_in_its_own_words(desk: Desk) -> None:
    desk.put("evidence.csv", "specialty,graduates,employed\nA,10,11\n")
    done = score(desk)
    assert done.returncode == 1
    assert "违反核对规则 too-many：就业人数不能多于毕业生数（employed=11, graduates=10）" in done.stderr.decode()


def test_every_missing_file_is_named(desk: Desk) -> None:
    done = desk.run("score", "policy.yaml", "--evidence", "nowhere.csv", "--history", "neither.csv")
    assert done.returncode == 1
    assert [line for line in done.stderr.decode().splitlines() if not line.startswith(" ")] == [
        "nowhere.csv",
        "neither.csv",
    ]


def test_a_folder_is_no_file(desk: Desk) -> None:
    done = desk.run("check", ".")
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)


def test_results_that_cannot_be_written_leave_nothing_behind(desk: Desk) -> None:
    kept = desk.files()
    for place in ("nowhere/results.csv", "."):
        done = score(desk, "--output", place)
        assert (done.returncode, b"Traceback" in done.stderr, desk.files()) == (1, False, kept)


@pytest.mark.skipif(os.name == "nt", reason="there is no such device")
def test_results_can_go_to_a_pipe(desk: Desk) -> None:
    assert score(desk, "--output", "/dev/stdout").stdout == RESULTS.encode()


def test_a_link_keeps_being_one(desk: Desk) -> None:
    desk.put("real.csv", "old")
    (desk.folder / "link.csv").symlink_to("real.csv")
    assert score(desk, "--output", "link.csv").returncode == 0
    assert (desk.folder / "link.csv").is_symlink()
    assert desk.files()["real.csv"] == RESULTS.encode()


@pytest.mark.parametrize("arguments", [("check",), ("score", "policy.yaml"), ("chek", "policy.yaml"), ("check", "--x")])
def test_a_wrong_call_is_wrong_input(desk: Desk, arguments: tuple[str, ...]) -> None:
    done = desk.run(*arguments)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)


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
        assert (done.returncode, done.stdout, b"Traceback" in done.stderr) == (1, b"", False)
        assert done.stderr != b""


def test_a_terminal_without_chinese_is_no_fault(desk: Desk) -> None:
    desk.put("policy.yaml", changed(("weight: 100", "weight: 99")))
    done = desk.run("check", "policy.yaml", locale="en_US.ISO-8859-1")
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)


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
