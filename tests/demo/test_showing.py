"""What is printed at the end, and how it is served: on the loopback address, on a port that is free, until stopped."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from rich.cells import cell_len
from rich.console import Console
from starlette.testclient import TestClient

from demo.small import CITY, Played
from specialty_eval import cli
from specialty_eval.demo import showing
from specialty_eval.demo.people import password
from specialty_eval.demo.story import Tale
from specialty_eval.serving import listening


@pytest.fixture(scope="module")
def printed(city: Played) -> str:
    """What stands in a file that the output was sent to."""
    out = io.StringIO()
    showing.tell(Console(file=out, width=showing.WIDTH), city.sessions, CITY, "http://127.0.0.1:8000", Path("var"))
    return out.getvalue()


def test_every_line_fits_into_a_hundred_columns(printed: str) -> None:
    assert [line for line in printed.splitlines() if cell_len(line.rstrip()) > showing.WIDTH] == []
    assert "…" not in printed


def test_every_tale_has_its_line_with_the_code_to_look_it_up(printed: str) -> None:
    told = printed[printed.index("What happened to whom") :]

    assert [s.code for s in CITY.specialties if s.tale is not None and s.code not in told] == []
    assert "quorum lost" in told


def test_ratings_are_counted_before_and_now_as_the_public_page_counts_them(
    city: Played, http: TestClient, printed: str
) -> None:
    green = sum(told.before == "green" for told in city.on_record.values())
    total = next(line for line in printed.splitlines() if line.startswith("全市"))
    page = http.get("/").text
    tiles = {
        re.sub("<[^>]*>", "", name).strip(): re.sub("<[^>]*>", "", shown).strip()
        for name, shown in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    }

    counts = re.findall(r"(\d+) → (\d+)", total)
    assert int(counts[0][0]) == green
    names = ("绿牌", "黄牌", "红牌", "暂不评定", "未参评", "专业点")
    assert [now for _, now in counts] == [tiles.get(name, "0") for name in names]
    assert [line.split()[1] for line in printed.splitlines() if "quorum lost" in line].count(_put_off(city)) == 1


def _put_off(city: Played) -> str:
    """The one whose item was put off, twice."""
    ((code, times),) = city.rows("""SELECT c.code, count(*) FROM meeting_item i JOIN review v ON v.id = i.review_id
        JOIN specialty_code c USING (specialty_id) WHERE i.state = 'voided' GROUP BY 1 HAVING count(*) > 1""")
    assert times == 2
    return str(code)


def test_places_are_summed_by_year(city: Played, printed: str) -> None:
    total = next(line for line in printed.splitlines() if line.startswith("合计"))
    sums = [sum(told.quotas.get(year, 0) for told in city.on_record.values()) for year in (2023, 2024, 2025, 2026)]

    assert list(map(int, re.findall(r"\d+", total)[:4])) == sums


def test_what_is_open_is_named_with_its_ground_and_what_holds_meanwhile(printed: str) -> None:
    open_ = printed[printed.index("Contested") : printed.index("What happened to whom")]

    for tale in (Tale.OBJECTION_OPEN, Tale.APPEAL_OPEN):
        for specialty in CITY.told(tale, 3):
            assert specialty.code in open_
    assert "上报数据" in open_
    assert "绿，支持" in open_


def test_a_printed_sign_in_and_the_printed_requests_work(city: Played, printed: str) -> None:
    """On a server of its own, as somebody copies them."""
    with listening("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        serving = subprocess.Popen([sys.executable, "-c", SERVE, str(door.fileno()), city.url,
                                    str(city.files)],
                                   pass_fds=[door.fileno()])  # fmt: skip
        try:
            base = f"http://127.0.0.1:{port}"
            signed = _when_up(base, "/v1/sign-in", {"login": "panel-1", "password": password(CITY.seed, "panel-1")})
            bearer = {"Authorization": f"Bearer {signed.json()['token']}"}
            (path,) = re.findall(r"/v1/appeals/\d+", printed)
            appeal = httpx.get(base + path, headers=bearer)
            (status,) = re.findall(r"/v1/specialties/\S+/status", printed)
            then = httpx.get(base + status, params=dict(re.findall(r"-d (\w+_at)=(\S+)", printed)))
        finally:
            serving.send_signal(signal.SIGINT)
            ended = serving.wait(20)

    assert (signed.status_code, appeal.status_code, then.status_code) == (201, 200, 200)
    assert [action["event"] for action in appeal.json()["actions"] if action["possible"]] == ["add_panelists", "hear"]
    assert then.json()["rating"] == "red"
    assert ended in {0, showing.STOPPED}


SERVE = """
import socket, sys
from datetime import UTC, datetime
from pathlib import Path
from specialty_eval.demo import showing
door = socket.socket(fileno=int(sys.argv[1]))
clock = showing.going_on(datetime(2026, 9, 3, tzinfo=UTC))
try:
    showing.serve_at(door, sys.argv[2], Path(sys.argv[3]), clock)
except KeyboardInterrupt:
    sys.exit(showing.STOPPED)
"""


def _when_up(base: str, path: str, body: object) -> httpx.Response:
    for _ in range(200):
        try:
            return httpx.post(base + path, json=body, timeout=10)
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("it does not answer")


def test_a_port_that_is_taken_is_told_before_anything_is_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = cli.run(["demo", "--data", str(tmp_path), "--port", str(port)])

    assert ended == 1
    assert f"端口 {port} 不能使用" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_in_the_middle_of_the_play_ends_without_a_traceback_and_what_was_played_stays(
    fresh_database: str, tmp_path: Path
) -> None:
    # Begun in the background of a script, a program ignores Ctrl-C from the start.
    hearing = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{hearing}; from specialty_eval.cli import main; main()", "demo", "--no-serve"]
    demo = subprocess.Popen([*command, "--data", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env={**os.environ, "DATABASE_URL": fresh_database})  # fmt: skip
    assert demo.stdout is not None
    first = demo.stdout.readline()
    demo.send_signal(signal.SIGINT)
    out, err = demo.communicate(timeout=60)

    assert first.startswith("演示开始")
    assert demo.returncode == showing.STOPPED
    assert "Stopped; run it again" in out
    assert err == ""


def test_the_citys_clock_goes_on_from_where_the_story_stands() -> None:
    since = datetime(2026, 9, 2, 1, tzinfo=UTC)
    clock = showing.going_on(since)

    assert since <= clock() <= clock() < since + timedelta(minutes=1)
