"""A red specialty is taught out and closed: cohorts counted, closing proposed, decided, appealed, carried out."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import closing_appeals, closings, teach_outs
from specialty_eval.actions.motions import Minutes, Word
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.registry import SpecialtyCode

from . import known
from .city import Specialty
from .story import YEARS, Tale
from .story_meeting import COMMITTEE, member_ids
from .world import Step, World

AFTER_A_YEAR = 2
"""The round in whose year the committee takes up what was proposed to close the year before."""
PANEL = ("panel-1", "panel-2", "panel-3")
GOING = (Tale.PHASED_OUT, Tale.DEFAULTED)
"""Red in the first round and not mended: their schools count who is left, each autumn."""
TAUGHT = 3
"""Years that a cohort stays."""


def decided(number: int) -> Iterator[Step]:
    """What the committee says of those without a plan a year before; the school that is to close one appeals."""
    year = YEARS[number - 1]
    if number == AFTER_A_YEAR:
        yield Step(f"{year} 拟撤销审议 · closing or keeping decided", _decide)
        yield Step(f"{year} 撤销申诉 · the closing appealed against, in vain", _appeal)


def counted(number: int) -> Iterator[Step]:
    """The cohorts that are taught out, of this autumn; in the last year nobody is left in one, and it is closed."""
    year = YEARS[number - 1]
    yield Step(f"{year} 在籍届别 · cohorts counted", partial(_count, number=number))
    if number == len(YEARS):
        yield Step(f"{year} 撤销 · a specialty closed, another proposed for years without intake", _close)


def _gone(world: World) -> list[Specialty]:
    return [specialty for tale in GOING for specialty in world.city.told(tale, 1)]


def _count(world: World, number: int) -> None:
    """Who entered in the last years, as registered; who entered earlier has left. The last of one go to another."""
    world.pause(60)
    this = YEARS[number - 1]
    for specialty in _gone(world):
        entered = {
            year: int(known.of_year(world, year)[specialty.code]["intake"]) for year in range(this - TAUGHT, this + 1)
        }
        empty = specialty.tale == Tale.DEFAULTED and number == len(YEARS)
        cohorts = {year: 0 if empty or year == this - TAUGHT else n for year, n in entered.items()}
        reason = "剩余学生经本人同意转入本校相近专业" if empty else ""
        teach_outs.count(world.as_(f"editor-{specialty.school}"), specialty.code, cohorts, reason)


def _proposals(world: World) -> list[tuple[int, Specialty]]:
    """What was proposed at least half a year ago and is not decided."""
    by_code = {s.code: s for s in world.city.specialties}
    found = (
        sa.select(ClosingProposal.id, SpecialtyCode.code)
        .join(SpecialtyCode, SpecialtyCode.specialty_id == ClosingProposal.specialty_id)
        .where(ClosingProposal.decision.is_(None), ClosingProposal.proposed_at < world.now - timedelta(days=180))
        .order_by(ClosingProposal.id)
    )
    return [(key, by_code[code]) for key, code in world.session.execute(found)]


def _decide(world: World) -> None:
    """The schools have had notice: what did nothing at all is to be closed once its students have left."""
    for n, (key, specialty) in enumerate(_proposals(world), 1):
        closings.receive(world.as_(f"head-{specialty.school}"), key)
        is_silent = specialty.tale == Tale.DEFAULTED
        decision, reason = (
            ("close", "既未报送材料也未提交整改方案") if is_silent else ("keep", "已补交整改方案，保留观察")
        )
        paper = f"示例职委〔{world.now.year}〕{n}号"
        closings.vote(world.as_("secretary"), key, _minutes(world, paper, carried=is_silent))
        closings.decide(world.as_("secretary"), key, decision, paper.replace("职委", "教专"), reason)


def _minutes(world: World, number: str, *, carried: bool) -> Minutes:
    """Everybody came, nobody has an interest; all but one are of one mind."""
    seats, one_mind, other = member_ids(world), "for" if carried else "against", "abstain"
    words = [Word(seats[login], False, other if n == 0 else one_mind) for n, login in enumerate(COMMITTEE.members)]
    return Minutes(world.as_("secretary").today, number, words, {})


def _appeal(world: World) -> None:
    """Heard by people who had no part in it; what the school says changes nothing, and the decision stands."""
    (specialty,) = world.city.told(Tale.DEFAULTED, 1)
    found = sa.select(ClosingProposal.id).where(
        ClosingProposal.specialty_id == world.specialty_id(specialty.code), ClosingProposal.decision == "close"
    )
    world.wait(3)
    grounds = "学校正在申请恢复招生，请求保留该专业"
    made = closing_appeals.lodge(world.as_(f"head-{specialty.school}"), world.session.scalars(found).one(), grounds)
    world.wait(3)
    closing_appeals.admit(world.as_("approver"), made.id, [world.person(login) for login in PANEL])
    world.wait(4)
    closing_appeals.hear(world.as_(PANEL[0]), made.id)
    closing_appeals.reject(world.as_(PANEL[0]), made.id, "未提出新的事实和材料，维持撤销决定")


def _close(world: World) -> None:
    """The bureau carries out what was decided; who has had no intake for years is put before the committee."""
    (specialty,) = world.city.told(Tale.DEFAULTED, 1)
    closings.close(world.as_("approver"), specialty.code, "整改期满，委员会决定撤销，学生已全部妥善安置", 0)
    closings.propose_idle(world.as_("secretary"))
