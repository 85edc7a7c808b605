"""A round from verified evidence to sheets that stand: experts, the run, sheets opened, a figure challenged, visits."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import sqlalchemy as sa

from specialty_eval.actions import allotments, attachments, challenges, panel, rounds, scoring, site_visits
from specialty_eval.engine.assignment import AssignmentEvent, AssignmentState
from specialty_eval.engine.cases import ChallengeEvent
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.store import deliberation_queries
from specialty_eval.store.deliberation import ExpertAssignment

from . import known, story_amendment, story_blind
from .city import City, Specialty
from .figures import panel_score
from .story import LATER, YEARS, Tale, scored_year
from .story_evidence import PROOF
from .world import Step, World

A_DAY = 30
"""Reviews that experts score in a step."""
AT_MOST = 40
"""Reviews that an expert scores in a round at most."""
FAR = 32
"""Points by which one expert lies below what the others give."""
UNOPENED = 11
"""Every so many-th school never opens its sheet: it counts as served after the policy's days."""


def steps(city: City, number: int) -> Iterator[Step]:
    """The round's steps, in their order."""
    year = YEARS[number - 1]
    codes = [s.code for s in city.specialties if s.round == number]
    days = [codes[start : start + A_DAY] for start in range(0, len(codes), A_DAY)]
    yield Step(f"{year} 进入评分 · scoring opens, experts shared out", partial(_begin, number=number))
    for n, some in enumerate(days, 1):
        yield Step(f"{year} 专家评分 {n}/{len(days)} · experts score", partial(_experts, number=number, codes=some))
    yield from story_blind.steps(number)
    yield Step(f"{year} 计分 · the score run", partial(_run, number=number))
    yield from story_amendment.steps(number)
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
    world.pause(60)
    story_blind.begun(world, number)
    _share_out(world, number)


def _share_out(world: World, number: int, without: Sequence[str] = ()) -> None:
    """Who scores what is proposed by program: three each, the same load on everybody; and then everybody is asked."""
    secretary = world.as_("secretary")
    people = [world.person(login) for login in without]
    made = allotments.ask(secretary, world.round_id(number), allotments.Asked(AT_MOST, without=people))
    allotments.carry_out(secretary, made.id)


def _experts(world: World, number: int, codes: Sequence[str]) -> None:
    """One declines and another is asked, some keep silent; where one lies far from the others, one more is asked."""
    world.wait(1)
    for specialty, review, invited in _asked(world, number, _specialties(world, codes)):
        asked = _decline(world, review, invited) if specialty.tale == Tale.CHAIR_CONFLICT else invited
        for n, expert in enumerate(asked[: _IN_TIME.get(specialty.tale, len(asked))]):
            _score(world, specialty, expert, less=FAR if specialty.tale == Tale.GAPS and n == 1 else 0)
        if specialty.tale == Tale.GAPS:
            allotments.further(world.as_("secretary"), review)
            _score(world, specialty, _invited(world, [review])[review][-1])


def _asked(
    world: World, number: int, some: Sequence[Specialty]
) -> list[tuple[Specialty, int, list[ExpertAssignment]]]:  # fmt: skip
    """Those of these whom experts are to score, with their reviews and who is asked."""
    reviews = world.reviews(number, "verified")
    asked = _invited(world, list(reviews.values()))
    return [(s, reviews[s.code], asked[reviews[s.code]]) for s in some if s.code in reviews]


def _invited(world: World, reviews: Sequence[int]) -> dict[int, list[ExpertAssignment]]:
    """Review → those asked who have not answered, in order of id."""
    found = sa.select(ExpertAssignment).where(
        ExpertAssignment.review_id.in_(reviews), ExpertAssignment.state == AssignmentState.INVITED.value
    )
    asked: dict[int, list[ExpertAssignment]] = {review: [] for review in reviews}
    for row in world.session.scalars(found.order_by(ExpertAssignment.id)):
        asked[row.review_id].append(row)
    return asked


def _decline(world: World, review: int, asked: list[ExpertAssignment]) -> list[ExpertAssignment]:
    """The last one has no time; another expert is asked instead."""
    as_expert = world.as_(world.login(asked[-1].person_id))
    panel.answer(as_expert, asked[-1].id, AssignmentEvent.DECLINE, reason="出差，无法按期评分")
    allotments.further(world.as_("secretary"), review)
    return _invited(world, [review])[review]


def _score(world: World, specialty: Specialty, asked: ExpertAssignment, less: int = 0) -> None:
    """Accept, and give every panel measure the same points."""
    login, year = world.login(asked.person_id), scored_year(specialty.round)
    leads = known.of_year(world, year)[specialty.code]["leading_industry"] == "true"
    points = int(panel_score(specialty, leads, year, int(login.removeprefix("expert-")))) - less
    panel.answer(world.as_(login), asked.id, AssignmentEvent.ACCEPT)
    panel.score(world.as_(login), asked.id, dict.fromkeys(panel.panel_measures(world.policy), str(points)))


def replace_silent(world: World, number: int, some: Sequence[tuple[Specialty, int]]) -> None:
    """Who kept silent is replaced; others are found by program, and score in their place."""
    silent = [row for rows in _invited(world, [review for _, review in some]).values() for row in rows]
    for row in silent:
        panel.answer(world.as_("secretary"), row.id, AssignmentEvent.REPLACE, reason="逾期未评分，更换专家")
    _share_out(world, number, sorted({world.login(row.person_id) for row in silent}))
    world.pause(60)
    for specialty, _, asked in _asked(world, number, [specialty for specialty, _ in some]):
        for expert in asked:
            _score(world, specialty, expert)


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
            visited(world, review, f"visitor-{n % 2 + 1}", "实地查看实训场所、访谈师生，情况与材料一致")


def visited(world: World, review: int, who: str, findings: str) -> None:
    """Somebody is named to visit the school for a review, and reports."""
    site_visits.name(world.as_("secretary"), review, [world.person(who)])
    site_visits.report(world.as_(who), review, site_visits.Said(findings))


def _deliberate(world: World, number: int) -> None:
    world.after(world.round(number).scoring_due)
    rounds.move(world.as_("secretary"), world.round_id(number), RoundEvent.DELIBERATE)
