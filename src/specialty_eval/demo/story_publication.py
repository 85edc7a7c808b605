"""From decisions to ratings in force: preview, a list by two people, publicity, objections, confirmation."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import notices, objections, previews, publications, ratings, reports, rounds
from specialty_eval.actions.objections import NewObjection
from specialty_eval.actions.reports import Wanted
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.errors import NotNow
from specialty_eval.engine.report import Period, Reader, ReportKind
from specialty_eval.store.outcomes import Objection, Publication

from . import story_meeting
from .city import City, Specialty
from .story import YEARS, Tale
from .story_again import decide_again
from .world import Step, World

UNOPENED = 9
"""Every so many-th school does not open the preview: it counts as served after the policy's days."""
GROUNDS = {
    Tale.OBJECTION_UPHELD: "该专业岗位实习存在严重违规，学生被安排夜班且未签三方协议",
    Tale.OBJECTION_REJECTED: "认为实训设备数量统计偏低",
    Tale.OBJECTION_OPEN: "反映该专业上报的就业单位与实际不符",
    Tale.RETURNED_TWICE: "对学校整体管理有意见",
}
"""What somebody objects to; the last one is about no rating and is not admissible."""


def steps(city: City, number: int) -> Iterator[Step]:
    """The round's steps, in their order."""
    year = YEARS[number - 1]
    yield Step(f"{year} 预告学校 · previewed to the schools", partial(_preview, number=number))
    yield Step(f"{year} 公示名单 · the list, by two people", partial(_list, number=number))
    yield Step(f"{year} 公示 · in publicity", partial(_publicise, number=number))
    yield Step(f"{year} 异议 · objections", partial(object_, number=number))
    if number == 1:
        yield Step(f"{year} 不予受理的异议 · objections that are not heard", partial(_unproved, number=number))
    yield Step(f"{year} 认定 · confirmed", partial(_confirm, number=number))
    yield Step(f"{year} 送达 · the schools receive", partial(_receive, number=number))
    if city.told(Tale.OBJECTION_REJECTED, number):
        yield Step(f"{year} 异议不成立 · an objection rejected", partial(_reject, number=number))


def reopened(city: City, number: int) -> Iterator[Step]:
    """What an upheld objection sends back, while the others go on."""
    year = YEARS[number - 1]
    if city.told(Tale.OBJECTION_UPHELD, number):
        yield Step(f"{year} 异议成立 · an objection upheld", partial(_uphold, number=number))


def again(city: City, number: int) -> Iterator[Step]:
    """What went back is scored, sat on and publicised once more."""
    if city.told(Tale.OBJECTION_UPHELD, number):
        year = YEARS[number - 1]
        yield Step(f"{year} 异议后重新认定 · decided and publicised anew", partial(_anew, number=number))


def concluded(number: int) -> Step:
    """Every review of the round has ended."""
    return Step(f"{YEARS[number - 1]} 批次结束 · the round is concluded", partial(_conclude, number=number))


def _conclude(world: World, number: int) -> None:
    world.wait(1)
    rounds.move(world.as_("secretary"), world.round_id(number), RoundEvent.CONCLUDE)
    wanted = [Wanted(ReportKind.ANNUAL, Reader.PUBLIC, YEARS[number - 1])]
    if number == 1:
        supervised = (Period.Q2, Period.H1)
        wanted += [Wanted(ReportKind.SUPERVISION, Reader.OFFICE, YEARS[number - 1], part) for part in supervised]
        own = world.city.told(Tale.CHALLENGED, number)[0].school
        wanted.append(Wanted(ReportKind.SCHOOL, Reader.SCHOOL, YEARS[number - 1], school=own))
    for one in wanted:
        reports.make(world.clock(), reports.ask(world.as_("secretary"), one).id)


def document(number: int, sequence: int) -> str:
    """A fictional document number."""
    return f"示例职评〔{YEARS[number - 1]}〕{sequence}号"


def _preview(world: World, number: int) -> None:
    world.wait(1)
    previews.preview(world.as_("secretary"), world.round_id(number))
    world.wait(1)
    reviews = world.reviews(number, "previewed")
    for n, specialty in enumerate(s for s in world.city.specialties if s.code in reviews):
        if n % UNOPENED:
            previews.acknowledge(world.as_(f"head-{specialty.school}"), reviews[specialty.code])


def _list(world: World, number: int) -> None:
    world.wait(5)
    made = publications.draft(world.as_("secretary"), world.round_id(number))
    world.pause(60)
    publications.approve(world.as_("approver"), made.id, made.digest)


def newest(world: World, number: int) -> Publication:
    """The round's newest list."""
    found = sa.select(Publication).where(Publication.round_id == world.round_id(number)).order_by(Publication.id.desc())
    return world.session.scalars(found.limit(1)).one()


def _publicise(world: World, number: int) -> None:
    world.wait(6)  # also for whoever did not open it: served after the days, and then its own to have
    made = publications.open_publicity(world.as_("secretary"), newest(world, number).id)
    notices.of_publication(world.as_("secretary"), made.id)


# --- objections ---


def object_(world: World, number: int) -> None:
    """People object; each proves the contact with the code sent there; the secretary says what is admissible."""
    world.wait(1)
    publication = newest(world, number)
    reviews = world.reviews(number, "publicised")
    told = [(s, GROUNDS[s.tale]) for s in world.city.specialties
            if s.round == number and s.tale in GROUNDS and s.code in reviews]  # fmt: skip
    made = []
    for n, (specialty, grounds) in enumerate(told, 1):
        world.pause(20)
        new = NewObjection(reviews[specialty.code], f"示例群众{n}", f"objector{n}@example.invalid", grounds)
        made.append((specialty, objections.lodge(world.nobody(), publication.id, new)))
    world.wait(1)
    for specialty, objection in made:
        code = objections.contact(world.as_("secretary"), objection.id).confirmation_code
        objections.confirm_contact(world.nobody(), objection.id, code)
        if specialty.tale == Tale.RETURNED_TWICE:
            answer = "所提意见不涉及本专业评价结果，已转有关科室"
            objections.rule_out(world.as_("secretary"), objection.id, answer)
        else:
            objections.admit(world.as_("secretary"), objection.id)


def _unproved(world: World, number: int) -> None:
    """Somebody gives a contact and never proves it, somebody else no name: of the first the secretary says why not."""
    publication, (specialty,) = newest(world, number), world.city.told(Tale.LATE, number)
    review = world.reviews(number)[specialty.code]
    new = NewObjection(review, "示例群众", "nobody@example.invalid", "听说数据有问题")
    made = objections.lodge(world.nobody(), publication.id, new)
    _refused(world, publication.id, replace(new, name="", contact=""))
    world.wait(2)
    answer = "所留联系方式未在期限内确认，无法核实，不予受理；可留下有效联系方式后另行提出"
    objections.rule_out(world.as_("secretary"), made.id, answer)


def _late(world: World, number: int) -> None:
    """After the last day the way is an appeal, and the answer says so."""
    publication, (specialty,) = newest(world, number), world.city.told(Tale.LATE, number)
    new = NewObjection(world.reviews(number)[specialty.code], "示例群众", "late@example.invalid", "对等级有意见")
    _refused(world, publication.id, new)


def _refused(world: World, publication: int, new: NewObjection) -> None:
    """Nothing of it is on record."""
    try:
        objections.lodge(world.nobody(), publication, new)
    except NotNow:
        return
    raise AssertionError("heard after all")


def objection_of(world: World, review: int) -> Objection:
    """The objection to a review."""
    return world.session.scalars(sa.select(Objection).where(Objection.review_id == review)).one()


def _reviews_of(world: World, number: int, tale: Tale) -> list[tuple[Specialty, int]]:
    reviews = world.reviews(number)
    return [(s, reviews[s.code]) for s in world.city.told(tale, number)]


# --- in force ---


def _confirm(world: World, number: int) -> None:
    """The days are over: what nobody contests is confirmed under one document."""
    publication = newest(world, number)
    world.after(publication.closes_at)
    publications.close(world.clock(), publication.id)
    confirmed = ratings.confirm(world.as_("approver"), publication.id, document(number, 1)).confirmed
    world.pause(30)
    if number == 1:
        _late(world, number)
    notices.of_rating(world.as_("secretary"), confirmed[0])


def _receive(world: World, number: int) -> None:
    world.wait(1)
    reviews = world.reviews(number, "confirmed")
    for n, specialty in enumerate(s for s in world.city.specialties if s.code in reviews):
        if n % UNOPENED or specialty.tale is not None:
            ratings.receive(world.as_(f"head-{specialty.school}"), reviews[specialty.code])


def _reject(world: World, number: int) -> None:
    """Heard and not upheld: the rating is confirmed after all."""
    world.wait(3)
    for _, review in _reviews_of(world, number, Tale.OBJECTION_REJECTED):
        answer = "经核对固定资产台账，统计口径无误"
        objections.reject(world.as_("secretary"), objection_of(world, review).id, answer)
        ratings.confirm(world.as_("approver"), newest(world, number).id, document(number, 2), [review])


def _uphold(world: World, number: int) -> None:
    """A breach comes to light: only the contested rating goes back, with the figure set right, and is scored anew."""
    world.wait(4)
    for _, review in _reviews_of(world, number, Tale.OBJECTION_UPHELD):
        answer = "经查属实，已责成学校整改"
        objections.uphold(world.as_("secretary"), objection_of(world, review).id, answer, evidence_was_wrong=True,
                          corrections={"internship_conduct": "grave_breach"})  # fmt: skip


def _anew(world: World, number: int) -> None:
    """What an objection sent back, what the bureau corrects itself, and on their list what was voted on in writing."""
    back = [one for tale in (Tale.OBJECTION_UPHELD, Tale.TAKEN_OVER) for one in _reviews_of(world, number, tale)]
    also = story_meeting.kept_waiting(world, number)
    decide_again(world, number, back, story_meeting.COMMITTEE, document(number, 3), also)
