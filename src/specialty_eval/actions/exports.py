"""What a list that leaves as a file rests on: its cycle, round and policy, by what the list was asked by."""

from collections.abc import Mapping
from typing import Any

from specialty_eval.store import export_queries
from specialty_eval.store.export_queries import Pinned

from .context import LOCAL, Context

NEWEST = 12
"""How many rounds stand in a file that is of none of them alone."""


def about(ctx: Context, asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, said) of the round that the list is of, or of those that go on; and as of when."""
    number = export_queries.round_asked(ctx.session, asked)
    found = export_queries.pinned(ctx.session, number, NEWEST)
    told = [pair for pinned in found for pair in _said(pinned)]
    return [*told, ("数据截至", f"{ctx.now.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}（北京时间）")]


def _said(pinned: Pinned) -> list[tuple[str, str]]:
    return [
        ("周期", f"{pinned.cycle}（{pinned.cycle_code}）"),
        ("批次", f"{pinned.year}年第{pinned.number}批（编号{pinned.round_id}）"),
        ("办法版本", f"{pinned.policy_id}@{pinned.policy_version}"),
        ("办法校验码（SHA-256）", pinned.digest),
    ]
