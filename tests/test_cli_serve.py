"""A server that is asked to end ends in order: with 0, and with the database it started."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from specialty_eval.store import place

COMMAND = (sys.executable, "-c", "from specialty_eval.cli import main; main()", "serve", "--port")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may pass, so that root's database lies in it too."""
    made = Path(tempfile.mkdtemp(prefix="specialty-eval-serve-", dir=place.RUNTIME))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_asked_to_end_leaves_no_database_behind(folder: Path, how: signal.Signals) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serving = subprocess.Popen(
        [*COMMAND, str(port), "--data", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert _ready(port)
        running = folder / "postgres" / "cluster" / "postmaster.pid"
        assert running.exists()
        serving.send_signal(how)
        told, said = serving.communicate(timeout=60)
    finally:
        serving.kill()
        serving.wait()

    assert (serving.returncode, said) == (0, "")
    assert told == f"服务中，Ctrl-C 停止 · serving, Ctrl-C stops: http://127.0.0.1:{port}\n"
    assert not running.exists()


def test_whoever_serves_for_development_is_told_where(folder: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serving = subprocess.Popen([*COMMAND, str(port), "--reload", "--data", str(folder)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    try:
        assert _ready(port)
        serving.send_signal(signal.SIGINT)
        told, _ = serving.communicate(timeout=60)
    finally:
        serving.kill()
        serving.wait()

    assert (serving.returncode, told) == (0, f"服务中，Ctrl-C 停止 · serving, Ctrl-C stops: http://127.0.0.1:{port}\n")


def test_a_port_in_use_is_told_with_what_to_do(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run([*COMMAND, port, "--data", str(folder)], capture_output=True, text=True, timeout=60,
                               check=False)  # fmt: skip

    assert ended.returncode == 1
    assert f"端口 {port} 不能使用" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


def _ready(port: int) -> bool:
    for _ in range(600):
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            time.sleep(0.1)
    return False
