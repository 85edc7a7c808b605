"""A round from its opening to verified evidence: filled in, signed, late, defaulted, returned, checked, accepted."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from specialty_eval.actions import attachments, evidence, reminders, rounds, verification
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.evidence import Figures
from specialty_eval.actions.verification import Verdicts
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.store.reviews import Review

from . import known, story_changes
from .city import City, Specialty
from .story import YEARS, Tale, scored_year
from .world import Step, World

SCHOOLS_A_DAY = 5
PROOF = "%PDF-1.4\n% 示例佐证材料，演示用\n%%EOF\n".encode()
SILENT = frozenset({Tale.DEFAULTED, Tale.EXEMPTED})
"""Schools of these hand nothing in."""


def steps(city: City, number: int) -> Iterator[Step]:
    """The round's steps, in their order."""
    year = YEARS[number - 1]
    schools = sorted({s.school for s in city.specialties if s.round == number})
    days = [schools[start : start + SCHOOLS_A_DAY] for start in range(0, len(schools), SCHOOLS_A_DAY)]
    yield Step(f"{year} 开始填报 · collecting opens", partial(_open, number=number))
    yield from story_changes.exempted(number)
    for n, some in enumerate(days, 1):
        yield Step(f"{year} 学校报送 {n}/{len(days)} · schools submit", partial(_submit, number=number, schools=some))
    yield Step(f"{year} 催报和延期 · reminders, an extension", partial(_remind, number=number))
    yield Step(f"{year} 逾期未报 · the deadline, a default", partial(_deadline, number=number))
    yield Step(f"{year} 审核退回 · returned, corrected", partial(_returned, number=number))
    for n, some in enumerate(days, 1):
        yield Step(f"{year} 县级审核 {n}/{len(days)} · counties check", partial(_check, number=number, schools=some))
    yield Step(f"{year} 市级退回和代审 · returned again, taken over", partial(_returned_again, number=number))
    for n, some in enumerate(days, 1):
        yield Step(
            f"{year} 市级审核 {n}/{len(days)} · the bureau accepts", partial(_accept, number=number, schools=some)
        )


def _mine(world: World, number: int, schools: Sequence[str] = ()) -> list[tuple[Specialty, int]]:
    """The round's specialties (of these schools) with their reviews."""
    reviews = world.reviews(number)
    return [(s, reviews[s.code]) for s in world.city.specialties
            if s.round == number and (not schools or s.school in schools)]  # fmt: skip


def _told(world: World, number: int, tale: Tale) -> list[tuple[Specialty, int]]:
    return [(s, review) for s, review in _mine(world, number) if s.tale == tale]


def _county(world: World, specialty: Specialty) -> str:
    return f"county-{world.city.school(specialty.school).county}"


# --- collecting ---


def _open(world: World, number: int) -> None:
    world.on(YEARS[number - 1], 2, 26)
    rounds.move(world.as_("secretary"), world.round_id(number), RoundEvent.COLLECT)


def _submit(world: World, number: int, schools: Sequence[str]) -> None:
    world.wait(1)
    for specialty, review in _mine(world, number, schools):
        if specialty.tale not in {*SILENT, Tale.LATE}:
            _hand_in(world, specialty, review)


def _hand_in(world: World, specialty: Specialty, review: int) -> None:
    """The editor fills in and attaches, the head signs."""
    values = known.reported(world, specialty)
    editor = world.as_(f"editor-{specialty.school}")
    source = f"{scored_year(specialty.round)}年度台账"
    written = f"示例自评：{specialty.name}专业{scored_year(specialty.round)}年度建设情况。"
    evidence.save(editor, review, Figures(values, dict.fromkeys(values, source)), written, version=None)
    for measure in values:
        if world.policy.measures[measure].evidence_required:
            attachments.attach(editor, review, measure, f"示例-{measure}.pdf", PROOF)
    world.pause(1)
    evidence.submit(world.as_(f"head-{specialty.school}"), review)


def _remind(world: World, number: int) -> None:
    year, round_id = YEARS[number - 1], world.round_id(number)
    for day in (15, 22):
        world.on(year, 3, day)
        reminders.remind(world.as_("secretary"), round_id)
    for _, review in _told(world, number, Tale.EXEMPTED):
        verification.exempt(world.as_("secretary"), review, "校舍因汛情停用，本批次免评，转入下一周期")
    due = world.round(number).collecting_due
    assert due is not None  # noqa: S101 -- it is collecting
    for _, review in _told(world, number, Tale.LATE):
        reason = "实训楼停电检修，学校申请延期"
        rounds.extend(world.as_("secretary"), review, last_local_day(due, LOCAL) + timedelta(days=7), reason)


def _deadline(world: World, number: int) -> None:
    """Who handed nothing in defaults; the school with an extension signs in time; verification begins."""
    round_id = world.round_id(number)
    world.after(world.round(number).collecting_due)
    rounds.default_left_over(world.as_("secretary"), round_id)
    world.wait(1)
    for specialty, review in _told(world, number, Tale.LATE):
        _hand_in(world, specialty, review)
        world.after(world.session.get_one(Review, review).due)
    rounds.move(world.as_("secretary"), round_id, RoundEvent.VERIFY)


# --- verifying ---


def _correct(world: World, specialty: Specialty, review: int, measure: str, still: Sequence[str] = ()) -> None:
    """The school mends a returned figure; `still` are those it has not mended yet."""
    said = known.reported(world, specialty)
    true = known.of_year(world, scored_year(specialty.round))[specialty.code]
    values = {m: (v if m in still else true[m]) for m, v in said.items()}
    source = f"{scored_year(specialty.round)}年度台账（更正）"
    sources = {m: source if m == measure else f"{scored_year(specialty.round)}年度台账" for m in values}
    evidence.save(
        world.as_(f"editor-{specialty.school}"), review, Figures(values, sources), "示例自评：已更正。", version=None
    )
    evidence.submit(world.as_(f"head-{specialty.school}"), review)


def _returned(world: World, number: int) -> None:
    for specialty, review in _told(world, number, Tale.RETURNED_TWICE):
        county = world.as_(_county(world, specialty))
        verification.return_(county, review, {"equipment_value": "与固定资产台账不符"})
        world.wait(2)
        _correct(world, specialty, review, "equipment_value", still=("partner_posts",))


def _check(world: World, number: int, schools: Sequence[str]) -> None:
    """The counties pass what is theirs to check; one of them keeps silent."""
    world.pause(45)
    waiting = set(world.reviews(number, "submitted", "defaulted").values())
    for specialty, review in _mine(world, number, schools):
        if review in waiting and specialty.tale != Tale.TAKEN_OVER:
            login = "verifier" if world.city.school(specialty.school).run_by == "city" else _county(world, specialty)
            verification.pass_(world.as_(login), review, Verdicts())


def _returned_again(world: World, number: int) -> None:
    verifier = world.as_("verifier")
    for _, review in _told(world, number, Tale.TAKEN_OVER):
        due = world.session.get_one(Review, review).county_due
        if due is not None:
            world.after(due)
        verifier = world.as_("verifier")
        verification.take_over(verifier, review, "县级逾期未审核，由市级代为审核")
        verification.pass_(verifier, review, Verdicts(unsupported={"partner_posts": "未提供合作协议"}))
    for specialty, review in _told(world, number, Tale.RETURNED_TWICE):
        verification.return_(verifier, review, {"partner_posts": "岗位数与合作企业证明不符"})
        world.wait(2)
        _correct(world, specialty, review, "partner_posts")
        verification.pass_(world.as_(_county(world, specialty)), review, Verdicts())


def _accept(world: World, number: int, schools: Sequence[str]) -> None:
    world.pause(30)
    checked = set(world.reviews(number, "checked").values())
    for _, review in _mine(world, number, schools):
        if review in checked:
            verification.accept(world.as_("verifier"), review, Verdicts())
