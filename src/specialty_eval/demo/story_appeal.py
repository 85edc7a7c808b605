"""Appeals: one upheld, whose new rating takes the old one's place, one rejected, one still going at the end."""

from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import appeals
from specialty_eval.store.outcomes import Appeal

from . import story_meeting
from .city import City, Specialty
from .story import LATER, YEARS, Tale
from .story_again import decide_again
from .story_publication import document
from .world import Step, World

PANEL = ("panel-1", "panel-2", "panel-3")
GROUNDS = {
    Tale.APPEAL_UPHELD: "该专业已于当年5月完成备案，平台因更名未能匹配，不属于未备案招生",
    Tale.APPEAL_REJECTED: "认为两名外聘教师应计入“双师型”教师",
    Tale.APPEAL_OPEN: "认为毕业去向落实率应按更正后的名单计算",
}


def lodged(city: City, number: int) -> Iterator[Step]:
    """The round's appeals up to their hearing: what is to be decided, and what stays open."""
    if any(city.told(tale, number) for tale in GROUNDS.keys() - LATER):
        yield Step(f"{YEARS[number - 1]} 申诉 · appeals lodged and admitted", partial(lodge, number=number))


def decided(city: City, number: int) -> Iterator[Step]:
    """What the panel says of them."""
    year = YEARS[number - 1]
    if city.told(Tale.APPEAL_REJECTED, number):
        yield Step(f"{year} 申诉不成立 · an appeal rejected", partial(_reject, number=number))
    if city.told(Tale.APPEAL_UPHELD, number):
        yield Step(f"{year} 申诉成立 · an appeal upheld", partial(_uphold, number=number))


def superseded(city: City, number: int) -> Iterator[Step]:
    """Other people decide anew what an upheld appeal reopened."""
    if city.told(Tale.APPEAL_UPHELD, number):
        year = YEARS[number - 1]
        yield Step(f"{year} 申诉后重新认定 · the rating superseded", partial(_supersede, number=number))


def _contested(world: World, number: int) -> Iterator[tuple[Specialty, int]]:
    """Those who appeal, with the review that they appeal against."""
    reviews = world.reviews(number, "confirmed")
    for specialty in world.city.specialties:
        if specialty.tale in GROUNDS and specialty.round == number and specialty.code in reviews:
            yield specialty, reviews[specialty.code]


def lodge(world: World, number: int) -> None:
    world.wait(2)
    made = [
        (s, appeals.lodge(world.as_(f"head-{s.school}"), review, GROUNDS[s.tale]))
        for s, review in _contested(world, number)
        if s.tale is not None
    ]
    world.wait(3)
    for _, appeal in made:
        appeals.admit(world.as_("approver"), appeal.id, [world.person(login) for login in PANEL])
    heard = [appeal for specialty, appeal in made if specialty.tale not in LATER]
    if heard:
        world.wait(4)
    for appeal in heard:
        appeals.hear(world.as_(PANEL[0]), appeal.id)


def _told(world: World, number: int, tale: Tale) -> Iterator[tuple[Specialty, Appeal]]:
    for specialty in world.city.told(tale, number):
        found = sa.select(Appeal).where(Appeal.review_id.in_(world.all_reviews(number, specialty.code)))
        yield specialty, world.session.scalars(found).one()


def _reject(world: World, number: int) -> None:
    world.wait(3)
    for _, appeal in _told(world, number, Tale.APPEAL_REJECTED):
        appeals.reject(world.as_(PANEL[0]), appeal.id, "外聘兼职教师不属于专任教师，统计口径无误，维持原结果")


def _uphold(world: World, number: int) -> None:
    """The panel sets the figure right; a new review begins where it is scored."""
    world.wait(3)
    for _, appeal in _told(world, number, Tale.APPEAL_UPHELD):
        answer = "备案记录已查证属实，原认定事实有误"
        right = {"enrolled_without_filing": "false"}
        appeals.uphold(world.as_(PANEL[0]), appeal.id, appeals.Upheld("verified", answer, right))


def _supersede(world: World, number: int) -> None:
    """Other people decide anew; what followed from the old rating is decided one by one."""
    for specialty, appeal in _told(world, number, Tale.APPEAL_UPHELD):
        assert appeal.new_review_id is not None  # noqa: S101 -- it was upheld
        paper = document(number, 4)
        decide_again(world, number, [(specialty, appeal.new_review_id)], story_meeting.APPEAL_BENCH, paper)
        world.wait(1)
        approver = world.as_("approver")
        for follow_up in list(world.session.get_one(Appeal, appeal.id, populate_existing=True).follow_ups):
            choice = {"quota": "set_aside", "review": "rescore"}.get(follow_up["kind"], "reconsider")
            reason = "原评价结果已被替代，依据其作出的安排不再适用"
            appeals.decide_follow_up(approver, appeal.id, follow_up["key"], choice, reason)
