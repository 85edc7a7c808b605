"""`specialty-eval status CODE` and `specialty-eval watch`; also without the server, as `specialty-eval-client`.

Exit status: 0 done, 1 what was asked is wrong (no such code), 2 the server cannot be reached or failed.
"""

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from specialty_eval_client.errors import ClientError, Gone, Refused, Unavailable
from specialty_eval_client.feed import FeedCache, OtherFeed, follow
from specialty_eval_client.models import Event, Status
from specialty_eval_client.options import Options
from specialty_eval_client.outages import Outage
from specialty_eval_client.sync import Client

RATINGS = {
    "green": "绿牌",
    "yellow": "黄牌",
    "red": "红牌",
    "unrated": "暂不评定",
    "incomplete": "数据不全",
    None: "未参评",
}
STANDINGS = {
    "normal": "正常招生", "supported": "重点支持", "restricted": "压缩招生", "phasing_out": "逐步停止招生",
    "suspended": "停止招生", "closed": "已撤销",
}  # fmt: skip
UNDER = {"objection": "异议", "appeal": "申诉", "correction": "更正"}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command of the client's own distribution."""
    parser = argparse.ArgumentParser("specialty-eval-client", description="专业现状和变动 · Statuses and changes")
    parser.add_argument("--server", help="网址，默认 SPECIALTY_EVAL_SERVER · Address")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("status", help="一个专业的现状 · A specialty's status")
    one.add_argument("code")
    one.add_argument("--json", action="store_true", help="供程序读取 · For programs")
    watching = commands.add_parser("watch", help="随时列出变动 · List changes as they happen")
    watching.add_argument("codes", nargs="*", metavar="CODE")
    watching.add_argument("--every", type=float, default=2.0, help="每几秒问一次 · Seconds between questions")
    watching.add_argument("--cache", type=Path, help="保存在此文件，下次接着读 · Keep in this file and go on next time")
    watching.add_argument("--anew", action="store_true", help="接不上时从头读 · Begin anew where the place is gone")
    given = parser.parse_args(arguments)
    if given.command == "status":
        raise SystemExit(status(given.code, server=given.server, as_json=given.json))
    raise SystemExit(watch(given.codes, server=given.server, every=given.every, cache=given.cache,
                           anew=given.anew))  # fmt: skip


def status(code: str, *, server: str | None = None, as_json: bool = False) -> int:
    """Print a specialty's status; the exit status."""

    def ask(client: Client) -> None:
        found = client.status(code)
        say(json.dumps(dataclasses.asdict(found), ensure_ascii=False, default=str) if as_json else described(found))

    return _with_client(server, ask)


def watch(
    codes: Sequence[str], *, server: str | None = None, every: float = 2.0, cache: Path | None = None,
    anew: bool = False,
) -> int:  # fmt: skip
    """Print each event of the feed as it comes, or each change of these specialties' statuses; until interrupted.

    A server that goes away is waited for. Where the cache's place in the feed is gone, `anew` begins again and says so.
    """

    def ask(client: Client) -> None:
        if codes:
            for changed in changes(client, codes, every):
                say(described(changed))
            return
        with FeedCache(cache or ":memory:") as kept:
            try:
                _follow(client, kept, every)
            except Gone as gone:
                if not anew:
                    raise
                kept.restart(gone)
                warn("此前可能缺一段，现状见快照 · Events may be missing before: see a snapshot")
                _follow(client, kept, every)

    return _with_client(server, ask)


def _follow(client: Client, kept: FeedCache, every: float) -> None:
    for event in follow(client, kept, every=every, away=waiting):
        say(line(event))


def changes(
    client: Client, codes: Sequence[str], every: float, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Status]:
    """The statuses of these codes now, and each again when it has changed."""
    known = [client.status(code) for code in codes]
    outage = Outage(every, waiting, has_answered=True)
    yield from known
    wait = every
    while True:
        sleep(wait)
        try:
            for place, before in enumerate(known):
                known[place] = client.refreshed(before)
                if _lasting(known[place]) != _lasting(before):
                    yield known[place]
        except ClientError as fault:
            wait = outage.wait(fault)
        else:
            wait = every
            outage.over()


def described(found: Status) -> str:
    """A status in words, Chinese first."""
    rating = f"{RATINGS[found.rating]} {found.rating or 'none'}"
    since = f"，{found.valid_from} 起 since" if found.valid_from else ""
    number = f"，{found.document_number}" if found.document_number else ""
    rows = [
        f"{found.school} · {found.name}（{found.code}）",
        f"  现行等级 rating    {rating}{since}{number}",
        f"  专业状态 standing  {STANDINGS.get(found.standing, found.standing)} {found.standing}",
    ]
    if found.provisional:
        rows.append(f"  公示中 provisional {RATINGS[found.provisional]} {found.provisional}")
    if found.under:
        rows.append("  进行中 under       " + "、".join(f"{UNDER.get(what, what)} {what}" for what in found.under))
    if found.quota:
        rows.append("  招生计划 quota     " + "，".join(f"{y} {n}" for y, n in sorted(found.quota.items())))
    if found.closed_on:
        rows.append(f"  撤销日期 closed    {found.closed_on}")
    return "\n".join(rows)


def line(event: Event) -> str:
    """An event in one line."""
    moved = f" {event.before or '–'} → {event.after}" if event.after else ""
    return f"{event.at:%Y-%m-%d %H:%M:%S%z} {event.kind} {event.subject_kind} {event.subject_id}{moved}"


def say(text: str) -> None:
    """Print at once: who pipes the output reads along."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Tell whoever sits in front of it, and not who reads the output."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def waiting(fault: ClientError) -> None:
    """A server that was there is away."""
    warn(f"服务器没有应答，等它回来 · No answer, waiting for the server: {fault}".partition("\n")[0])


def _lasting(found: Status) -> dict[str, Any]:
    """What a change is a change of: not the moment of the question."""
    moment = {"valid_at", "known_at", "sequence", "etag", "age"}
    return {name: value for name, value in dataclasses.asdict(found).items() if name not in moment}


def _with_client(server: str | None, ask: Callable[[Client], None]) -> int:
    options = Options(server) if server else Options()
    try:
        with Client(options) as client:
            ask(client)
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        return 0
    except Refused as refused:
        for problem in refused.problems:
            sys.stderr.write(f"{problem.zh or problem.code} · {problem.en}\n  {problem.next_zh} · {problem.next_en}\n")
        return 2 if isinstance(refused, Unavailable) else 1
    except OtherFeed as other:
        warn(f"文件存的是别的服务器或种类，请换一个 · This file is of another server or kinds\n  {other}")
        return 1
    except ClientError as fault:
        sys.stderr.write(f"服务器没有应答 · No answer from {options.server}\n  {fault}\n")
        return 2
    return 0
