"""How to look at what was played: addresses, sign-ins by role, and three requests to copy."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

from rich.text import Text

from specialty_eval.actions.context import LOCAL

from .city import City
from .people import password, who_signs_in
from .record import Contested
from .story import YEARS, Tale
from .story_start import CYCLE


def how(city: City, open_: Sequence[Contested], address: str, data: Path, now: datetime) -> Iterator[Text]:
    """Line by line."""
    overturned = city.told(Tale.APPEAL_UPHELD, 1)[0].code
    yield Text("怎么查看 · How to look", "bold")
    yield Text(f"  公开网页 public page     {address}/")
    yield Text(f"  一个专业 one specialty   {address}/specialties/{overturned}")
    yield Text(f"  接口说明 API reference   {address}/api   {address}/v1/openapi.json")
    yield Text("  每件事在哪里看 where each thing is: docs/demo.md")
    yield Text(
        f"  城市时间 the city's time {now.astimezone(LOCAL):%Y-%m-%d %H:%M}，服务时由此继续 · it goes on from there"
    )
    yield Text()
    yield Text("登录（仅供本机演示） · Sign-ins, for this machine alone", "bold")
    for who, login, word in who_signs_in(city):
        yield Text(f"  {login:18} {word:14} {who}")
    yield Text()
    yield Text("三条请求 · Three requests to copy", "bold")
    for line in _requests(city, open_, address, overturned):
        yield Text(line, "dim" if line.startswith("#") else "")
    yield Text()
    yield Text("复算一个批次的每个评定 · Compute every rating of a round again", "bold")
    yield Text(f"specialty-eval publish bundle {CYCLE}-1 --whole --output round-1.zip --data {data}")
    yield Text("specialty-eval verify round-1.zip")


def _requests(city: City, open_: Sequence[Contested], address: str, overturned: str) -> Iterator[str]:
    body = f'{{"login":"panel-1","password":"{password(city.seed, "panel-1")}"}}'
    yield "# 登录，取得令牌 · sign in"
    yield f"TOKEN=$(curl -s {address}/v1/sign-in -H 'Content-Type: application/json' \\"
    yield f'  -d \'{body}\' | sed \'s/.*"token":"\\([^"]*\\)".*/\\1/\')'
    yield "# 某日有效、当时所知的认定（此后申诉成立） · a day's rating as known then"
    day = date(YEARS[0], 7, 1)
    yield f"curl -s -G {address}/v1/specialties/{overturned}/status \\"
    yield f"  -d valid_at={day} -d known_at={day}T00:00:00Z"
    appeal = next((case for case in open_ if case.kind == "appeal"), None)
    if appeal is not None:
        yield "# 一件申诉，连同此刻可办的事项 · an appeal with the actions that are possible now"
        yield f'curl -s {address}/v1/appeals/{appeal.number} -H "Authorization: Bearer $TOKEN"'
