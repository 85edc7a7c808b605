"""A committee, reviews scored as a test wants them, and how far they have come: plain functions over `factories`.

Reviews reach `scored` through the one pen, in sets; only their sheets are invented.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import CITY, City, make_city, make_cycle, make_person
from remembered import remembered
from specialty_eval.actions import ballots, committee, decisions, interests, previews, publications, rounds
from specialty_eval.actions.context import Context
from specialty_eval.engine import review
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.errors import Refusal
from specialty_eval.engine.frozen import Inputs
from specialty_eval.engine.permissions import Actor, Grant, Kind, Role, Scope
from specialty_eval.engine.policy import Rating
from specialty_eval.store import cycles
from specialty_eval.store.accounts import CommitteeMember, Person
from specialty_eval.store.cycles import Round
from specialty_eval.store.deliberation import Decision, MeetingItem
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Objection, Publication, PublicationEntry
from specialty_eval.store.registry import Specialty, SpecialtyCode
from specialty_eval.store.reviews import EvidenceVersion, Review, ScoreRun, ScoreSheet
from specialty_eval.store.scoring_queries import earlier_ratings

POLICY = """
schema: specialty-eval/policy/1
id: small
version: "1"
title: {zh: 示例办法, en: Example rules}
jurisdiction: "371400"
measures:
  graduates: {label: {zh: 毕业生数}, type: integer, min: 0, supplier: school, publish: restricted}
  accident: {label: {zh: 重大事故}, type: boolean, supplier: bureau}
dimensions: [{code: all, label: {zh: 总评}}]
indicators:
  - {code: size, dimension: all, label: {zh: 规模}, value: graduates, weight: 100, points: {linear: [[0, 0], [1, 1]]}}
rating:
  labels: {green: {zh: 绿牌}, yellow: {zh: 黄牌}, red: {zh: 红牌}, unrated: {zh: 暂不评定}}
  rules:
    - {rate: green, code: high, when: {total: {at_least: 80}}, label: {zh: 总分不低于80}}
    - {rate: yellow, code: middle, when: {total: {at_least: 60}}, label: {zh: 总分60至80}}
    - {rate: red, code: low, label: {zh: 总分低于60}}
  caps: [{code: accident, at_most: red, when: {measure: accident, equals: true}, label: {zh: 重大事故}}]
enrolment:
  rounding: down
  cutoff: "06-30"
  green: {standing: supported, change_percent: 10}
  yellow: {standing: restricted, change_percent: -30}
  red: {standing: phasing_out, steps_percent: [-50, -100], then: suspended}
workflow: {time_zone: Asia/Shanghai, calendar: CN, county_check: false, two_people: [secretary, bureau_approver]}
committee: {sectors: [industry, enterprise, research, administration], quorum: 2/3, pass: 1/2, override_needs: 2/3}
"""
VISITS = POLICY.replace(
    "two_people:", "site_visit: {when: {proposed: {one_of: [red]}}, sample_percent: 0}, two_people:"
)
"""The same with a visit of every proposed red."""

REASON = {"green": "high", "yellow": "middle", "red": "low", "unrated": "high", "incomplete": "incomplete"}
REGULAR = (
    ("industry-1", "industry"), ("industry-2", "industry"), ("enterprise-1", "enterprise"),
    ("enterprise-2", "enterprise"), ("research-1", "research"), ("research-2", "research"),
    ("chair", "administration"), ("deputy-chair", "administration"),
)  # fmt: skip
SUBSTITUTES = (("substitute-industry", "industry"), ("substitute-research", "research"))


@dataclass
class Sitting:
    """A city whose reviews are scored, with its committee, and a meeting's items by the review's short name."""

    city: City
    round_id: int
    reviews: dict[str, int]
    members: dict[str, int] = field(default_factory=dict)
    meeting: int = 0
    items: dict[str, int] = field(default_factory=dict)

    @property
    def session(self) -> Session:
        return self.city.session

    def as_(self, who: str) -> Context:
        return self.city.as_(who)

    def review(self, short: str) -> Review:
        """The review as it is now."""
        return self.session.get_one(Review, self.reviews[short], populate_existing=True)

    def item(self, short: str) -> MeetingItem:
        """The item as it is now."""
        return self.session.get_one(MeetingItem, self.items[short], populate_existing=True)

    def declare(self, *who: str) -> None:
        """These, or all regular members and the secretary, declare no interest in anything."""
        for login in who or (*(login for login, _ in REGULAR), "secretary"):
            interests.declare_all(self.as_(login), self.meeting, {})

    def attend(self, *absent: str, substitutes: Collection[committee.Substitute] = ()) -> None:
        """Every regular member is present but these."""
        present = {self.members[login] for login, _ in REGULAR if login not in absent}
        coming = present | {s.member for s in substitutes}
        committee.attend(self.as_("secretary"), self.meeting, coming, list(substitutes))

    def vote(self, short: str, votes: Mapping[str, str], *, reason: str = "") -> None:
        """Put it to the vote where it is not yet, and cast these ballots."""
        if self.item(short).state == "open":
            ballots.call_vote(self.as_("secretary"), self.items[short])
        for login, choice in votes.items():
            ballots.cast(self.as_(login), self.items[short], choice, reason)


@remembered
def make_scored(
    session: Session,
    ratings: Mapping[str, str],
    *,
    policy: str = POLICY,
    reasons: Mapping[str, list[str]] | None = None,
) -> Sitting:
    """A city with one scored review a rating (short name → computed rating), its challenge days over, its committee."""
    city = make_city(session)
    for short in ratings:
        if short not in city.specialties:
            _add_specialty(city, short)
    for short in set(city.specialties) - set(ratings):  # only what the test names is reviewed
        session.execute(
            sa.update(Specialty).where(Specialty.id == city.specialties.pop(short)).values(closed_on=date(2025, 12, 31))
        )
        city.codes.pop(short)
    round_id = make_cycle(city, policy=policy)
    rounds.move(city.as_("secretary"), round_id, RoundEvent.COLLECT)
    found = session.execute(sa.select(Review.specialty_id, Review.id).where(Review.round_id == round_id))
    by_specialty = {specialty: key for specialty, key in found}  # noqa: C416 -- a Row is no tuple to dict()
    sitting = Sitting(city, round_id, {short: by_specialty[key] for short, key in city.specialties.items()})
    _hand_in(sitting)
    _score(sitting, ratings, reasons or {})
    for event in (RoundEvent.VERIFY, RoundEvent.SCORE, RoundEvent.DELIBERATE):
        rounds.move(city.as_("secretary"), round_id, event, reason="示例：提前进入下一阶段")
    session.execute(sa.update(Review).values(challenge_due=city.now + timedelta(days=14)))
    city.wait(21)
    seat(sitting)
    return sitting


def _add_specialty(city: City, short: str) -> None:
    """Another direction of the second school's specialty."""
    session, like = city.session, city.session.get_one(Specialty, city.specialties["two-a"])
    direction = f"{len(city.specialties):03}"
    row = Specialty(
        school_id=like.school_id, catalogue_entry_id=like.catalogue_entry_id, catalogue_code=like.catalogue_code,
        direction=direction, name=f"{like.name}（{short}）", level=like.level, class_code=like.class_code,
        class_name=like.class_name, partner=f"示例企业{short}", opened_on=like.opened_on,
    )  # fmt: skip
    session.add(row)
    session.flush()
    city.specialties[short], city.codes[short] = row.id, f"{city.codes['two-a']}-{direction}"
    session.add(SpecialtyCode(code=city.codes[short], specialty_id=row.id, valid_from=like.opened_on))
    session.flush()


def anybody(city: City, *held: Role) -> Context:
    """Somebody who holds these roles at the bureau, or at the city's third school."""
    bureau = city.organisations[f"bureau:{CITY}"]
    school = city.schools["city"]
    grants = tuple(
        Grant(role, str(school if role == Role.SCHOOL_HEAD else bureau),
              Kind.SCHOOL if role == Role.SCHOOL_HEAD else Kind.BUREAU, CITY, date(2020, 1, 1))
        for role in held
    )  # fmt: skip
    return replace(city.clock(), actor=Actor(person_id=str(city.people["nobody"]), grants=grants))


def _hand_in(sitting: Sitting) -> None:
    """Every review is submitted, checked and verified, as a set."""
    session, city, ids = sitting.session, sitting.city, list(sitting.reviews.values())
    for key in ids:
        version = EvidenceVersion(review_id=key, number=1, figures={"graduates": {"value": "60", "source": "示例"}},
                                  self_evaluation="示例自评", digest="0" * 64, submitted_at=city.now)  # fmt: skip
        session.add(version)
        session.flush()
        session.execute(sa.update(Review).where(Review.id == key).values(evidence_version_id=version.id))
    scope = Scope(school_id=str(city.schools["city"]), city=CITY, run_by_city=True)
    steps = (
        (review.Event.SUBMIT, anybody(city, Role.SCHOOL_HEAD), review.Facts()),
        (review.Event.PASS, city.clock(), review.Facts(county_check=False)),
        (review.Event.ACCEPT, anybody(city, Role.BUREAU_VERIFIER), review.Facts()),
    )
    for event, ctx, facts in steps:
        ctx.advance_many(review.WORKFLOW, Review, event, ids, scope, facts=dict.fromkeys(ids, facts))


def _score(sitting: Sitting, ratings: Mapping[str, str], reasons: Mapping[str, list[str]]) -> None:
    session, city = sitting.session, sitting.city
    keys = {city.specialties[short]: city.codes[short] for short in ratings}
    year = cycles.round_of(session, sitting.round_id).evidence_year
    lines = [f"{keys[key]},{of},{rated}\n" for key, of, rated in earlier_ratings(session, list(keys), year)]
    history = "".join(["specialty,year,rating\n", *lines])
    frozen = Inputs(policy="0" * 64, evidence="specialty,year\n", history=history, rated=())
    run = ScoreRun(round_id=sitting.round_id, number=1, kind="round", policy_digest="0" * 64, inputs_digest="0" * 64,
                   inputs=frozen.packed(), set_aside=[], notes=[], made_at=city.now)  # fmt: skip
    session.add(run)
    session.flush()
    for short, rating in ratings.items():
        add_sheet(session, run.id, sitting.reviews[short], rating, reasons.get(short, [REASON[rating]]))
    ids = list(sitting.reviews.values())
    facts = {sitting.reviews[short]: review.Facts(computed=Rating(rating)) for short, rating in ratings.items()}
    city.clock().advance_many(review.WORKFLOW, Review, review.Event.SCORE, ids, Scope(city=CITY), facts=facts)


def add_sheet(session: Session, run_id: int, review_id: int, rating: str, reasons: list[str]) -> int:
    """An invented sheet, the review's from now on."""
    version = session.scalar(sa.select(Review.evidence_version_id).where(Review.id == review_id))
    sheet = ScoreSheet(run_id=run_id, review_id=review_id, evidence_version_id=version, total=Decimal("70.00"),
                       completeness=Decimal("100.00"), dimensions={"all": "70.00"}, indicators=[], rating=rating,
                       reasons=reasons)  # fmt: skip
    session.add(sheet)
    session.flush()
    due = sa.func.coalesce(Review.challenge_due, Review.updated_at)
    session.execute(sa.update(Review).where(Review.id == review_id).values(sheet_id=sheet.id, challenge_due=due))
    return sheet.id


def seat(sitting: Sitting) -> None:
    """Eight members, two substitutes, and a second secretary and approver."""
    session, city = sitting.session, sitting.city
    bureau = city.organisations[f"bureau:{CITY}"]
    for login, role in (("secretary-2", Role.SECRETARY), ("approver-2", Role.BUREAU_APPROVER)):
        city.people[login] = make_person(session, login=login, roles={role: bureau})
    for login, sector in (*REGULAR, *SUBSTITUTES):
        if login not in city.people:
            role = Role.CHAIR if login == "deputy-chair" else Role.COMMITTEE_MEMBER
            city.people[login] = make_person(session, login=login, roles={role: bureau})
        row = CommitteeMember(person_id=city.people[login], bureau_id=bureau, sector=sector,
                              substitute=login.startswith("substitute"), term_from=date(2025, 1, 1),
                              term_to=date(2028, 12, 31))  # fmt: skip
        session.add(row)
        session.flush()
        sitting.members[login] = row.id


def employ(sitting: Sitting, login: str, *, school: str | None = None, enterprise: str = "") -> None:
    """Somebody's employer is a school, or an enterprise by name."""
    person = sitting.session.get_one(Person, sitting.city.people[login])
    person.employer_id = None if school is None else sitting.city.schools[school]
    person.employer_name = enterprise
    sitting.session.flush()


def new_meeting(sitting: Sitting, **changes: object) -> committee.NewMeeting:
    """A meeting of everybody about everything, with these changes."""
    asked = committee.NewMeeting(
        round_id=sitting.round_id,
        title="示例会议",
        held_at=sitting.city.now,
        chair=sitting.members["chair"],
        deputy_chair=sitting.members["deputy-chair"],
        secretary=sitting.city.people["secretary"],
        deputy_secretary=sitting.city.people["secretary-2"],
        reviews=list(sitting.reviews.values()),
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


def convene(sitting: Sitting, *, together: Collection[str] = (), **changes: object) -> Sitting:
    """Call the meeting and open everything to everybody who has no interest; all regular members are present."""
    listed = {sitting.reviews[short] for short in together}
    meeting = committee.create(sitting.as_("secretary"), new_meeting(sitting, together=listed, **changes))
    sitting.meeting = meeting.id
    found = sitting.session.execute(
        sa.select(MeetingItem.review_id, MeetingItem.id).where(MeetingItem.meeting_id == meeting.id)
    )
    by_review = {key: item for key, item in found}  # noqa: C416 -- see above
    sitting.items = {short: by_review[key] for short, key in sitting.reviews.items() if key in by_review}
    sitting.attend()
    sitting.declare()
    ballots.open_items(sitting.as_("secretary"), sitting.meeting)
    return sitting


def close_item(ctx: Context, item_id: int, *, reason: str = "", casting: Rating | None = None,
               version: int | None = None) -> Decision:  # fmt: skip
    """End an item's vote where it has not ended, and close it."""
    row = ctx.session.get_one(MeetingItem, item_id, populate_existing=True)
    if row.state == "voting" and row.vote_ended_at is None and version is None:
        ballots.end_vote(ctx, item_id)
    return decisions.close(ctx, item_id, reason=reason, casting=casting, version=version)


def decide(sitting: Sitting) -> Sitting:
    """Agree on everything that is scored, together."""
    scored = [short for short in sitting.reviews if sitting.review(short).state == "scored"]
    convene(sitting, together=scored, reviews=[sitting.reviews[short] for short in scored])
    votes = {sitting.members[login]: "agree" for login, _ in REGULAR}
    decisions.agree(sitting.as_("secretary"), sitting.meeting, votes)
    return sitting


def serve(sitting: Sitting) -> Sitting:
    """Preview what is decided; each school opens its own, and has it to itself for its days."""
    shown = previews.preview(sitting.as_("secretary"), sitting.round_id)
    for key, school in sitting.session.execute(
        sa.select(Review.id, Specialty.school_id).join(Specialty, Specialty.id == Review.specialty_id)
        .where(Review.id.in_(shown)).order_by(Review.id)
    ):  # fmt: skip
        short = next(name for name, number in sitting.city.schools.items() if number == school)
        previews.acknowledge(sitting.as_(f"head-{short}"), key)
    sitting.city.wait(10)
    return sitting


def publicise(sitting: Sitting) -> int:
    """Draft, approve and open a list of everything previewed; its number."""
    made = publications.draft(sitting.as_("secretary"), sitting.round_id)
    publications.approve(sitting.as_("bureau-approver"), made.id, made.digest)
    return publications.open_publicity(sitting.as_("secretary"), made.id).id


@remembered
def make_convened(
    session: Session, /, ratings: Mapping[str, str], *, together: Collection[str] = (), **as_scored: Any
) -> Sitting:
    """A committee in its meeting about everything."""
    return convene(make_scored(session, ratings, **as_scored), together=together)


@remembered
def make_decided(session: Session, /, ratings: Mapping[str, str], **as_scored: Any) -> Sitting:
    """Everything is decided as it was computed."""
    return decide(make_scored(session, ratings, **as_scored))


@remembered
def make_served(session: Session, /, ratings: Mapping[str, str], **as_scored: Any) -> Sitting:
    """And served on the schools, which had their days."""
    return serve(make_decided(session, ratings, **as_scored))


@remembered
def make_publicised(
    session: Session,
    ratings: Mapping[str, str],
    *,
    policy: str = POLICY,
    reasons: Mapping[str, list[str]] | None = None,
) -> tuple[Sitting, int]:
    """A round whose first list is in publicity, and the list's number."""
    sitting = make_served(session, ratings, policy=policy, reasons=reasons)
    return sitting, publicise(sitting)


# --- asserting refusals ---


def refused(kind: type[Refusal], act: Callable[[], object]) -> list[tuple[str, str]]:
    """What an act is refused with: (code, where)."""
    with pytest.raises(kind) as caught:
        act()
    return [(p.code, p.where) for p in caught.value.problems]


@contextmanager
def nothing_left(session: Session) -> Iterator[None]:
    """Whatever is tried inside, no state, no event, no decision and no list comes of it."""
    before = _everything(session)
    yield
    assert _everything(session) == before


def _everything(session: Session) -> list[object]:
    states = [
        session.execute(sa.select(table.id, table.state, table.version).order_by(table.id)).all()
        for table in (Round, Review, MeetingItem, Publication, Objection)
    ]
    counts = [session.scalar(sa.select(sa.func.count()).select_from(t)) for t in (Event, Decision, PublicationEntry)]
    return [*states, *counts]
