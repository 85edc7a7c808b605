"""A round from verified evidence to sheets that stand: experts, the run, sheets opened, a figure challenged, visits."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import attachments, challenges, panel, rounds, scoring
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.cases import ChallengeEvent
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.store import deliberation_queries
from specialty_eval.store.deliberation import ExpertAssignment

from . import known
from .city import City, Specialty
from .figures import panel_score
from .people import EXPERTS
from .story import LATER, YEARS, Tale, scored_year
from .story_evidence import PROOF
from .world import Step, World

A_DAY = 30
"""Reviews that experts score in a step."""
UNOPENED = 11
"""Every so many-th school never opens its sheet: it counts as served after the policy's days."""


def steps(city: City, number: int) -> Iterator[Step]:
    """The round's steps, in their order."""
    year = YEARS[number - 1]
    codes = [s.code for s in city.specialties if s.round == number]
    days = [codes[start : start + A_DAY] for start in range(0, len(codes), A_DAY)]
    yield Step(f"{year} 进入评分 · scoring opens", partial(_begin, number=number))
    for n, some in enumerate(days, 1):
        yield Step(f"{year} 专家评分 {n}/{len(days)} · experts score", partial(_experts, number=number, codes=some))
    yield Step(f"{year} 计分 · the score run", partial(_run, number=number))
    yield Step(f"{year} 学校查看得分 · schools open their sheets", partial(_open_sheets, number=number))
    yield Step(f"{year} 数据更正申请 · a figure challenged", partial(_challenge, number=number))
    yield Step(f"{year} 现场考察 · site visits", partial(_visit, number=number))
    yield Step(f"{year} 进入审议 · deliberation opens", partial(_deliberate, number=number))


def _specialties(world: World, codes: Sequence[str]) -> list[Specialty]:
    return [s for s in world.city.specialties if s.code in set(codes)]


_IN_TIME: Mapping[Tale | None, int] = {Tale.TAKEN_OVER: 2, **dict.fromkeys(LATER, 1)}
"""How many of the three experts score in time."""


def _begin(world: World, number: int) -> None:
    world.wait(1)
    reason = "材料审核已提前完成"
    rounds.move(world.as_("secretary"), world.round_id(number), RoundEvent.SCORE, reason=reason)


def _experts(world: World, number: int, codes: Sequence[str]) -> None:
    """Three experts each; one declines and another is asked, one keeps silent."""
    world.wait(1)
    reviews = world.reviews(number, "verified")
    year = scored_year(number)
    figures = known.of_year(world, year)
    for specialty in _specialties(world, codes):
        if specialty.code not in reviews:
            continue
        first = list(figures).index(specialty.code)
        asked = [(first + k) % EXPERTS + 1 for k in range(3)]
        review = reviews[specialty.code]
        _invite(world, review, asked)
        if specialty.tale == Tale.CHAIR_CONFLICT:
            _decline(world, review, asked)
        leads = figures[specialty.code]["leading_industry"] == "true"
        for expert in asked[: _IN_TIME.get(specialty.tale, 3)]:
            _score(world, review, expert, panel_score(specialty, leads, year, expert))


def _invite(world: World, review: int, experts: Sequence[int]) -> None:
    panel.invite(world.as_("secretary"), review, [world.person(_login(e)) for e in experts])


def _login(expert: int) -> str:
    return f"expert-{expert:02}"


def _assignment(world: World, review: int, expert: int) -> int:
    found = sa.select(ExpertAssignment.id).where(
        ExpertAssignment.review_id == review, ExpertAssignment.person_id == world.person(_login(expert))
    )
    return world.session.scalars(found).one()


def _decline(world: World, review: int, asked: list[int]) -> None:
    """The last one has no time; another expert is asked instead."""
    last = _assignment(world, review, asked[-1])
    panel.answer(world.as_(_login(asked[-1])), last, AssignmentEvent.DECLINE, reason="出差，无法按期评分")
    asked[-1] = asked[-1] % EXPERTS + 1
    _invite(world, review, asked[-1:])


def _score(world: World, review: int, expert: int, points: str) -> None:
    ctx, assignment = world.as_(_login(expert)), _assignment(world, review, expert)
    panel.answer(ctx, assignment, AssignmentEvent.ACCEPT)
    panel.score(ctx, assignment, dict.fromkeys(panel.panel_measures(world.policy), points))


def replace_silent(world: World, number: int, specialty: Specialty, review: int) -> None:
    """Who kept silent is replaced, and two others score in their place."""
    figures = known.of_year(world, scored_year(number))
    leads = figures[specialty.code]["leading_industry"] == "true"
    first = list(figures).index(specialty.code)
    for late in (1, 2):
        silent = _assignment(world, review, (first + late) % EXPERTS + 1)
        panel.answer(world.as_("secretary"), silent, AssignmentEvent.REPLACE, reason="逾期未评分，更换专家")
    others = [(first + k) % EXPERTS + 1 for k in (3, 4)]
    _invite(world, review, others)
    world.pause(60)
    for expert in others:
        _score(world, review, expert, panel_score(specialty, leads, scored_year(number), expert))


def _run(world: World, number: int) -> None:
    world.wait(1)
    scoring.run(world.as_("secretary"), world.round_id(number))


def _open_sheets(world: World, number: int) -> None:
    world.wait(1)
    reviews = world.reviews(number, "scored")
    for n, specialty in enumerate(_specialties(world, list(reviews))):
        if n % UNOPENED or specialty.tale == Tale.CHALLENGED:
            challenges.open_sheet(world.as_(f"head-{specialty.school}"), reviews[specialty.code])


def _challenge(world: World, number: int) -> None:
    """A school finds its slip in time: the figure is set right and the review scored again within its run."""
    for specialty in world.city.told(Tale.CHALLENGED, number):
        world.wait(1)
        review, head = world.reviews(number)[specialty.code], f"head-{specialty.school}"
        true = known.of_year(world, scored_year(number))[specialty.code]["certificates_obtained"]
        attachments.attach(world.as_(head), review, "certificates_obtained", "示例-证书名册.pdf", PROOF)
        reason = "漏计第二批取得证书的学生"
        made = challenges.challenge(world.as_(head), review, "certificates_obtained", true, reason)
        world.wait(3)
        answer = "证书编号经核对属实，予以更正"
        challenges.answer(world.as_("verifier"), made.id, ChallengeEvent.UPHOLD, answer)
        scoring.rescore(world.as_("secretary"), review)
        challenges.open_sheet(world.as_(head), review)


def _visit(world: World, number: int) -> None:
    world.wait(2)
    reviews = world.reviews(number, "scored").values()
    cases = deliberation_queries.cases(world.session, reviews)
    for n, (review, case) in enumerate(sorted(cases.items())):
        if case.owes_visit(world.policy):
            findings = "实地查看实训场所、访谈师生，情况与材料一致"
            panel.report_visit(world.as_(f"visitor-{n % 2 + 1}"), review, findings)


def _deliberate(world: World, number: int) -> None:
    world.after(world.round(number).scoring_due)
    rounds.move(world.as_("secretary"), world.round_id(number), RoundEvent.DELIBERATE)
