"""What stands in a meeting's minutes: who was there; of each item who stood aside, how it was voted, what was decided.

Nothing is looked up here, and no ballot is named: the record has how many voted for what.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from .documents import Told
from .meeting import ItemState
from .notices import Batch, Place, Words, day_of
from .vocabulary import Rating

SECTORS = {"industry": "行业", "enterprise": "企业", "research": "教科研机构", "administration": "行政部门"}
WAYS = {
    "meeting": "会议表决",
    "writing": "书面表决",
    "paper": "纸质票表决，据签字纪要补录",
    "bureau": "委员会无法形成有效表决，由主管部门决定",
}
NO_QUORUM = "出席人数或界别不足，改期"
PUT_OFF = "作废"
OPEN = "未审议"


@dataclass(frozen=True, slots=True)
class Attended:
    """A seat: whose, of which sector, whether they came, and for whom."""

    name: str
    sector: str
    present: bool
    chair: str = ""
    """`chair` or `deputy` where this member is one."""
    for_whom: str = ""


@dataclass(frozen=True, slots=True)
class Voted:
    """How an item was voted on, as the decision keeps it."""

    rating: str
    computed: str
    votes: Mapping[str, int]
    abstentions: int
    present: int
    entitled: int
    together: bool
    way: str
    reason: str
    tied: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Handled:
    """An item, who was recused from it, and its decision where there is one."""

    place: Place
    state: str
    recused: Sequence[str]
    no_quorum: bool
    computed: str
    voted: Voted | None


@dataclass(frozen=True, slots=True)
class Sat:
    """A meeting as it went."""

    title: str
    held_at: datetime
    written: bool
    chair: str
    secretary: str
    seats: Sequence[Attended]
    items: Sequence[Handled]
    waived: Sequence[str]
    signed: int
    """Files of signed minutes that votes on paper were recorded from."""
    seal_head: str


def minutes(batch: Batch, sat: Sat, zone: tzinfo) -> Told:
    """The fields of a meeting's minutes."""
    words, local = Words(batch.policy), sat.held_at.astimezone(zone)
    hour = f"{local.hour}时" + (f"{local.minute}分" if local.minute else "")
    return {
        **batch.told(),
        "meeting": sat.title,
        "held_on": f"{day_of(sat.held_at, zone)}{hour}",
        "chair": sat.chair, "secretary": sat.secretary,
        "members": [_seat(seat) for seat in sat.seats],
        "items": [_item(words, place, item) for place, item in enumerate(sat.items, 1)],
        "remarks": _remarks(sat),
        "seal_head": sat.seal_head,
    }  # fmt: skip


def _seat(seat: Attended) -> dict[str, str]:
    role = {"chair": "主任委员", "deputy": "副主任委员"}.get(seat.chair, "委员")
    if seat.for_whom:
        role = f"替补委员（替{seat.for_whom}）"
    return {"name": seat.name, "sector": SECTORS.get(seat.sector, seat.sector), "seat": role,
            "present": "出席" if seat.present else "缺席"}  # fmt: skip


def _item(words: Words, place: int, item: Handled) -> dict[str, str]:
    voted = item.voted
    return {
        **item.place.told(), "place": str(place), "computed": words.rating(item.computed),
        "decided": "" if voted is None else words.rating(voted.rating),
        "votes": "" if voted is None else _votes(words, voted),
        "recused": "、".join(item.recused) or "无",
        "reason": "" if voted is None else voted.reason,
        "outcome": _outcome(item),
    }  # fmt: skip


def _votes(words: Words, voted: Voted) -> str:
    """应到8人，实到8人：黄牌7票，弃权1票（一并通过；会议表决）."""
    cast = [
        f"{words.rating(rating.value)}{voted.votes[rating.value]}票"
        for rating in Rating
        if voted.votes.get(rating.value)
    ]
    cast += [f"弃权{voted.abstentions}票"] if voted.abstentions else []
    way = "一并通过；" * voted.together + WAYS.get(voted.way, voted.way)
    if voted.tied:
        way += f"；{'、'.join(map(words.rating, voted.tied))}票数相等，由主持人决定"
    return f"应到{voted.entitled}人，实到{voted.present}人：{'，'.join(cast) or '无票'}（{way}）"


def _outcome(item: Handled) -> str:
    if item.state == ItemState.VOIDED:
        return NO_QUORUM if item.no_quorum else PUT_OFF
    if item.voted is None:
        return OPEN
    return "改定" if item.voted.rating != item.voted.computed else "按计算结果通过"


def _remarks(sat: Sat) -> str:
    said = []
    if sat.written:
        said.append("本次为书面表决，未集中开会，投票的委员即为参加。")
    if sat.waived:
        named = "、".join(SECTORS.get(sector, sector) for sector in sat.waived)
        said.append(f"经主管部门书面同意，{named}界别因全部回避且无替补而免于出席。")
    if sat.signed:
        said.append(f"另附签字纪要{sat.signed}份，纸质票据此补录。")
    return "".join(said)
