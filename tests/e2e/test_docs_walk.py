"""The walk of docs/api.md, line by line in a shell, against a real server; its clock moves where the page says wait."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.server import Callers, serving
from specialty_eval import installation

ROOT = Path(__file__).resolve().parents[2]
WAIT = re.compile(r"^# 等到.*$", re.M)
DONE = "everything up to here is done"
COMMAND = f"specialty_eval() {{ {sys.executable} -c 'from specialty_eval.cli import main; main()' \"$@\"; }}\n"


def blocks() -> list[str]:
    """The shell blocks of the walk, but for the first: it begins an installation and serves it, as the test does."""
    walk = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").split("## 三段走查")[-1]
    return re.findall(r"^```sh\n(.*?)^```", walk, re.M | re.S)[1:]


class Shell:
    """One bash that goes on from piece to piece and ends at the first command that fails."""

    def __init__(self, folder: Path) -> None:
        self.bash = subprocess.Popen(
            ["bash", "-euo", "pipefail"], cwd=folder, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, piece: str) -> str:
        """What the piece prints."""
        assert self.bash.stdin is not None
        assert self.bash.stdout is not None
        self.bash.stdin.write(f"{piece}\nprintf '\\n%s\\n' '{DONE}'\n")
        said: list[str] = []
        for line in self.bash.stdout:
            if line.strip() == DONE:
                return "".join(said)
            said.append(line)
        pytest.fail(f"the shell ended at:\n{piece}\n{''.join(said[-5:])}")

    def close(self) -> None:
        """End the shell."""
        self.bash.communicate("exit\n", timeout=10)


def walked(callers: Callers, folder: Path) -> str:
    shell = Shell(folder)
    said = [shell.run(COMMAND)]
    for block in blocks():
        here = block.replace("http://127.0.0.1:8000", callers.base).replace(
            ".venv/bin/specialty-eval", "specialty_eval"
        )
        first, *later = WAIT.split(here)
        said.append(shell.run(first))
        for piece in later:
            callers.clock.wait(30)
            said.append(shell.run(piece))
    shell.close()
    return "".join(said)


def test_the_walk_of_the_page_ends_with_a_confirmed_rating(fresh_database: str, tmp_path: Path) -> None:
    for name in ("examples", "src"):
        (tmp_path / name).symlink_to(ROOT / name)

    with serving(fresh_database, tmp_path / "files") as callers:
        installation.init(fresh_database, tmp_path, city="371400", bureau="示例市教育局", login="admin",
                          password="walk-example-2026")  # fmt: skip
        said = walked(callers, tmp_path)

    assert "3637000001-710201,89.50,91.43,85.00,green,good" in said
    assert '"rating":"green","rating_year":2025,"reasons":["good"],"document_number":"示例评〔2027〕1号"' in said
    assert '"negative":{"reasons":["too-dense"],"document_number":"示例专〔2027〕1号"},"urgent":null' in said
    assert '"tier":"secondary","target":40,"held":1,"under_review":0,"proposed":0,"missing":39' in said
    assert '"computed":110,"quota":110,"capacity":110,"limited":true' in said
    assert "}304\n" in said
