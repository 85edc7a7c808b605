"""Confirmed ratings and an opening balance, as a test of what follows from them wants them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_organisation, make_person
from factories_deliberation import (
    POLICY,
    REASON,
    Sitting,
    add_sheet,
    close_item,
    make_publicised,
    new_meeting,
    publicise,
    serve,
)
from remembered import remembered
from specialty_eval.actions import appeals, ballots, committee, interests, members, plans, ratings
from specialty_eval.engine.permissions import Role
from specialty_eval.store.deliberation import MeetingItem
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import EnrolmentLine, EnrolmentPlan, OpeningQuota, Standing
from specialty_eval.store.registry import Jurisdiction
from specialty_eval.store.reviews import ScoreRun

OTHER_CITY = "371500"
MENDS = "rectification: {plan_due: 20w, recheck_after_months: 12, failures_allowed: 2}"
BITES = POLICY[: POLICY.index("enrolment:")] + f"""\
  flags: [{{code: red-again, now: [red], when: {{previous: {{of_last: 2, at_least: 1, one_of: [red]}}}}}}]
enrolment:
  rounding: down
  cutoff: "06-30"
  appeal_suspends: none
  green: {{standing: supported, change_percent: 15, at_most: capacity, supports: [funding]}}
  yellow: {{standing: restricted, change_percent: -30, {MENDS}, restore_percent: 100}}
  red: {{standing: phasing_out, steps_percent: [-50, -100], then: suspended, {MENDS}, restore_percent: 70}}
  unrated: {{change_percent: 0}}
  flags: {{red-again: {{standing: suspended, steps_percent: [-100]}}}}
""" + POLICY[POLICY.index("workflow:") :] + """\
lists:
  negative:
    rules:
      - {code: too-dense, when: {count: share_of_schools, above: 40}, label: {zh: 布点率超过40%}, source: 示例}
      - {code: few, when: {count: specialties, at_most: 1}, label: {zh: 只有一个布点}, source: 示例}
    exempt: [{code: single, when: {count: schools, equals: 1}, label: {zh: 独此一家}}]
  urgent: {rules: [{code: rare, when: {count: specialties, at_most: 1}}]}
"""  # fmt: skip
"""The small policy with every consequence that policy.md shows."""
HOLDS = BITES.replace("appeal_suspends: none", "appeal_suspends: all")
"""The same where an open appeal holds everything."""

COLOURS = {"one-a": "green", "one-b": "unrated", "two-a": "yellow", "city-a": "red"}


@remembered
def make_confirmed(
    session: Session,
    ratings_: Mapping[str, str] = COLOURS,
    *,
    policy: str = BITES,
    reasons: Mapping[str, list[str]] | None = None,
    opening: Mapping[str, tuple[int, int | None]] | None = None,
) -> Sitting:
    """A city whose first round is confirmed in the spring of 2026, and quotas of 2025 (100, capacity 110) before it."""
    sitting, number = make_publicised(session, ratings_, policy=policy, reasons=reasons)
    for short, key in sitting.city.specialties.items():
        quota, capacity = (opening or {}).get(short, (100, 110))
        session.add(OpeningQuota(specialty_id=key, academic_year=2025, quota=quota, capacity=capacity,
                                 source="示例批文", recorded_at=sitting.city.now))  # fmt: skip
    sitting.city.wait(21)
    ratings.confirm(sitting.as_("bureau-approver"), number, "示例评〔2026〕1号")
    return sitting


def on(sitting: Sitting, year: int, month: int, day: int) -> Sitting:
    """Let time pass until the morning of that day."""
    sitting.city.now = datetime(year, month, day, 1, 0, tzinfo=UTC)
    return sitting


def approved(sitting: Sitting, year: int) -> EnrolmentPlan:
    """The plan of a year, drafted, submitted and approved as the policy has it."""
    plan = plans.draft(sitting.as_("planner"), year)
    plans.submit(sitting.as_("planner"), plan.id)
    return plans.approve(sitting.as_("bureau-approver"), plan.id, f"示例招〔{year}〕1号")


def lines(sitting: Sitting, plan_id: int) -> dict[str, EnrolmentLine]:
    """The lines of a plan by the specialty's short name, as they are now."""
    by_specialty = {key: short for short, key in sitting.city.specialties.items()}
    found = sitting.session.scalars(
        sa.select(EnrolmentLine).where(EnrolmentLine.plan_id == plan_id), execution_options={"populate_existing": True}
    )
    return {by_specialty[line.specialty_id]: line for line in found}


def quotas(sitting: Sitting, plan_id: int) -> dict[str, int]:
    """The quotas of a plan by short name."""
    return {short: line.quota for short, line in lines(sitting, plan_id).items()}


def standings(sitting: Sitting) -> dict[str, str]:
    """The standings on record by short name."""
    by_specialty = {key: short for short, key in sitting.city.specialties.items()}
    found = sitting.session.scalars(sa.select(Standing), execution_options={"populate_existing": True})
    return {by_specialty[row.specialty_id]: row.state for row in found}


def events(sitting: Sitting, kind: str) -> list[Event]:
    """The events of these kinds (a LIKE pattern), oldest first."""
    return list(sitting.session.scalars(sa.select(Event).where(Event.kind.like(kind)).order_by(Event.seq)))


def add_other_city(sitting: Sitting) -> None:
    """A second city with a school, a specialty and people of its own: `other-planner`, `other-approver`."""
    session, city = sitting.session, sitting.city
    session.add(Jurisdiction(code=OTHER_CITY, name="示例二市", kind="city", parent_code="370000"))
    session.flush()
    bureau = make_organisation(session, kind="bureau", code=OTHER_CITY, name="示例二市教育局", area=OTHER_CITY)
    for login, role in (("other-planner", Role.PLANNER), ("other-approver", Role.BUREAU_APPROVER)):
        city.people[login] = make_person(session, login=login, roles={role: bureau})


def overturn(sitting: Sitting, short: str, rating: str, document: str = "示例评〔2026〕9号") -> int:
    """The school appeals, its panel upholds, the committee decides anew, and the bureau confirms; the new review."""
    return confirm_anew(sitting, short, appeal_heard(sitting, short), rating, document)


def appeal_heard(sitting: Sitting, short: str) -> int:
    """The school's appeal, heard by its panel; its number."""
    city, old = sitting.city, sitting.reviews[short]
    head = {"one": "head-one", "two": "head-two", "city": "head-city"}[short.split("-", maxsplit=1)[0]]
    ratings.receive(sitting.as_(head), old)
    key = appeals.lodge(sitting.as_(head), old, "示例：未考虑特殊情况").id
    panel = [city.people["appeal-1"], city.people["appeal-2"]]
    appeals.admit(sitting.as_("bureau-approver"), key, panel)
    appeals.hear(sitting.as_("appeal-1"), key)
    return key


def confirm_anew(
    sitting: Sitting, short: str, key: int, rating: str, document: str = "示例评〔2026〕9号"
) -> int:  # fmt: skip
    """The appeal upheld: the committee decides anew, and the bureau confirms; the new review."""
    city = sitting.city
    made = appeals.uphold(sitting.as_("appeal-1"), key, appeals.Upheld("scored", "示例：申诉成立")).new_review_id
    assert made is not None
    sitting.reviews[short] = made
    run = sitting.session.scalars(sa.select(ScoreRun.id).where(ScoreRun.round_id == sitting.round_id)).first()
    assert run is not None
    add_sheet(sitting.session, run, made, rating, [REASON[rating]])
    sitting.session.expire_all()
    city.wait(21)
    _decide_anew(sitting, short, rating)
    number = publicise(serve(sitting))
    city.wait(21)
    ratings.confirm(sitting.as_("bureau-approver"), number, document)
    return made


def _decide_anew(sitting: Sitting, short: str, rating: str) -> None:
    """Four members who did not decide the first time agree on the rating."""
    city, session = sitting.city, sitting.session
    bureau = city.organisations["bureau:371400"]
    again = {}
    for sector in ("industry", "enterprise", "research", "administration"):
        login = f"{sector}-again"
        if login not in city.people:
            role = Role.CHAIR if sector == "administration" else Role.COMMITTEE_MEMBER
            city.people[login] = make_person(session, login=login, roles={role: bureau})
            new = members.NewMember(city.people[login], sector, date(2025, 1, 1), date(2029, 12, 31))
            sitting.members[login] = members.appoint(sitting.as_("secretary"), new).id
        again[login] = sitting.members[login]
    asked = new_meeting(sitting, chair=again["administration-again"], deputy_chair=None,
                        reviews=[sitting.reviews[short]])  # fmt: skip
    meeting = committee.create(sitting.as_("secretary"), asked)
    committee.attend(sitting.as_("secretary"), meeting.id, list(again.values()))
    for login in (*again, "secretary"):
        interests.declare_all(sitting.as_(login), meeting.id, {})
    ballots.open_items(sitting.as_("secretary"), meeting.id)
    item = session.scalars(sa.select(MeetingItem.id).where(MeetingItem.meeting_id == meeting.id)).one()
    ballots.call_vote(sitting.as_("secretary"), item)
    for login in again:
        ballots.cast(sitting.as_(login), item, rating)
    close_item(sitting.as_("secretary"), item)
