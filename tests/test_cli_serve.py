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
    serving = subprocess.Popen([*COMMAND, str(port), "--data", str(folder)], stderr=subprocess.PIPE, text=True)
    try:
        assert _ready(port)
        running = folder / "postgres" / "cluster" / "postmaster.pid"
        assert running.exists()
        serving.send_signal(how)
        said = serving.communicate(timeout=60)[1]
    finally:
        serving.kill()
        serving.wait()

    assert (serving.returncode, said) == (0, "")
    assert not running.exists()


def _ready(port: int) -> bool:
    for _ in range(600):
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            time.sleep(0.1)
    return False
