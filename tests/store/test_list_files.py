"""Whole lists as files: a whole edition or the one before, whatever happens half way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from specialty_eval.store.list_files import ListFiles

CUT_OFF = """
import resource, signal, sys
from pathlib import Path
from specialty_eval.store.list_files import ListFiles
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the kernel ends whoever writes beyond this
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
ListFiles(Path(sys.argv[1])).put("b", "2026-01-02", {"one": b"1" * 8, "two": b"2" * 16})
"""


@pytest.mark.parametrize("writes", [4, 12, 80])  # up to the first file, the second, the one that names them
def test_whoever_is_cut_off_half_way_leaves_the_edition_before(tmp_path: Path, writes: int) -> None:
    lists = ListFiles(tmp_path)
    assert lists.newest() is None
    lists.put("a", "2026-01-01", {"one": b"1", "two": b"2"})

    ended = subprocess.run([sys.executable, "-c", CUT_OFF, str(tmp_path), str(writes)], check=False).returncode

    assert ended == -signal.SIGXFSZ
    found = lists.newest()
    assert found is not None
    assert found.tells("a", "2026-01-01")
    assert {name: path.read_bytes() for name, path in found.files.items()} == {"one": b"1", "two": b"2"}


def test_what_is_left_of_earlier_ones_is_forgotten_but_for_the_last(tmp_path: Path) -> None:
    lists = ListFiles(tmp_path)
    lists.put("a", "2026-01-01", {"one": b"1", "two": b"2"})
    lists.put("b", "2026-01-02", {"one": b"11", "two": b"2"})
    (tmp_path / "lists" / "tmp_of_a_crash").touch()
    for path in (tmp_path / "lists").iterdir():
        os.utime(path, (0, 0))
    lists.put("c", "2026-01-03", {"one": b"111", "two": b"2"})
    assert len(list((tmp_path / "lists").iterdir())) == 4  # newest.json, the two, and the earlier "one"
    found = lists.newest()
    assert found is not None
    found.files["one"].unlink()
    assert lists.newest() is None
