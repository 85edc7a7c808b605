"""What goes over in a succession mends where it goes: its own school has days of its own, its own pass restores it."""

from datetime import UTC, date, datetime, time

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import BITES, MENDS, appeal_heard, confirm_anew, events, make_confirmed, on, overturn
from factories_deliberation import Sitting, refused
from factories_scored import PDF
from specialty_eval.actions import answers, attachments, documents, overdue, rectifications, successions, views
from specialty_eval.actions import standings as years
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.paging import Page
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.store import closing_queries, material_queries, notice_queries, rectification_queries
from specialty_eval.store.outcomes import Rectification, Standing
from specialty_eval.store.registry import Specialty, SpecialtyCode

ROBOTS = "机器人"
LATER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def s(session: Session) -> Sitting:
    """one-a is green, two-a yellow, city-a red, one-b unrated; early summer of 2026."""
    return make_confirmed(session)


def code(s: Sitting, short: str) -> str:
    """Its present code."""
    found = sa.select(SpecialtyCode.code).where(
        SpecialtyCode.specialty_id == s.city.specialties[short], SpecialtyCode.valid_to.is_(None)
    )
    return s.session.scalars(found).one()


def code_of(s: Sitting, key: int) -> str:
    found = sa.select(SpecialtyCode.code).where(SpecialtyCode.specialty_id == key, SpecialtyCode.valid_to.is_(None))
    return s.session.scalars(found).one()


def recorded(s: Sitting, act: Act, wanted: Wanted) -> None:
    day, reason = s.as_("auditor").today, "示例：专业布局调整"
    new = NewSuccession(Subject.SPECIALTY, act, day, reason, "示例教〔2026〕30号", (wanted,), "")
    successions.record(s.as_("bureau-approver"), successions.propose(s.as_("secretary"), new).id)


def merged(s: Sitting, short: str, into: str) -> None:
    recorded(s, Act.MERGED, Wanted(code(s, short), into=code(s, into)))


def mending(s: Sitting, key: int) -> Rectification:
    """What a specialty mends last."""
    found = sa.select(Rectification).where(Rectification.specialty_id == key).order_by(Rectification.id.desc())
    return s.session.scalars(found.limit(1), execution_options={"populate_existing": True}).one()


def split(s: Sitting, short: str, direction: str = ROBOTS) -> int:
    """Its part that becomes a specialty of its own."""
    recorded(s, Act.SPLIT, Wanted(code(s, short), direction=direction))
    return s.session.scalars(sa.select(Specialty.id).where(Specialty.direction == direction)).one()


def mended(s: Sitting, key: int, head: str) -> None:
    """Its school mends it, as far as the recheck that it passes."""
    row = mending(s, key)
    s.city.now = datetime(2026, 9, 21, 1, tzinfo=UTC)
    rectifications.hand_in(s.as_(head), row.id, "示例方案", [rectifications.Milestone("示例", date(2026, 12, 1))])
    rectifications.start(s.as_("bureau-verifier"), row.id)
    s.session.refresh(row)
    rectifications.prove(s.as_(head), row.id, "1", rectifications.Proof("示例", "报告.pdf", PDF))
    s.city.now = datetime.combine(row.recheck_from, time(9), UTC)
    rectifications.recheck(s.as_("secretary"), row.id)
    rectifications.pass_(s.as_("bureau-verifier"), row.id, "示例：已整改")


def standing(s: Sitting, key: int) -> str:
    return s.session.scalars(sa.select(Standing.state).where(Standing.specialty_id == key)).one()


def test_a_yellow_part_that_is_split_off_mends_by_itself_and_its_own_pass_restores_it(s: Sitting) -> None:
    on(s, 2026, 9, 2)
    years.begin_year(s.as_("planner"), 2026)
    old = s.city.specialties["two-a"]
    key = split(s, "two-a")
    row = mending(s, key)
    assert (row.state, row.rating, row.review_id, row.failures) == ("due", "yellow", s.reviews["two-a"], 0)
    assert row.plan_due > s.city.now  # days of its own: the other's were over on 25 May
    [event] = [e for e in events(s, "rectification.carry") if e.specialty_id == key]
    assert (event.audience, event.facts["until"]) == ("school", last_local_day(row.plan_due, LOCAL).isoformat())
    letter = answers.of_rectification(s.as_("secretary"), row.id)
    assert letter.specialty_id == key
    s.session.execute(sa.update(Specialty).where(Specialty.id == key).values(school_id=s.city.schools["one"]))

    mended(s, key, "head-one")  # whose it is now

    assert (standing(s, key), standing(s, old)) == ("normal", "restricted")
    on(s, 2027, 9, 2)
    years.begin_year(s.as_("planner"), 2027)
    assert (standing(s, key), standing(s, old)) == ("normal", "restricted")
    [proof] = rectification_queries.proofs_of(s.session, row.id)
    assert proof.attachment_id is not None
    assert attachments.read(s.as_("head-one"), row.review_id, proof.attachment_id)[0].name == "报告.pdf"
    assert refused(NotFound, lambda: attachments.read(s.as_("head-two"), row.review_id, proof.attachment_id or 0))
    assert refused(NotFound, lambda: attachments.read(s.as_("county-two"), row.review_id, proof.attachment_id or 0))
    pieces = material_queries.pieces(s.session, s.review("two-a"))
    assert proof.attachment_id not in {piece.attachment.id for piece in pieces if piece.attachment}
    assert "报告.pdf" not in {f["name"] for f in views.review_view(s.as_("head-two"), s.review("two-a"))["attachments"]}
    assert documents.read(s.as_("head-one"), letter.id).number == letter.number
    assert refused(NotFound, lambda: documents.read(s.as_("head-two"), letter.id))


def test_what_the_bureau_owes_on_it_is_listed_as_its_own(s: Sitting) -> None:
    key = split(s, "two-a")
    promised = [rectifications.Milestone("示例", date(2026, 9, 1))]
    rectifications.hand_in(s.as_("head-two"), mending(s, key).id, "示例方案", promised)
    s.city.wait(30)

    [late] = overdue.listing(s.as_("secretary"), s.round_id, Page(100))[0]
    assert (late.owed.what, late.owed.specialty_id) == ("rectification_answer", key)


def test_the_others_pass_restores_no_part_that_was_split_off(s: Sitting) -> None:
    on(s, 2026, 5, 12)
    old = s.city.specialties["two-a"]
    key = split(s, "two-a")
    s.session.execute(sa.update(Rectification).values(plan_due=LATER))
    on(s, 2026, 9, 2)
    years.begin_year(s.as_("planner"), 2026)
    mended(s, old, "head-two")
    on(s, 2027, 9, 2)
    years.begin_year(s.as_("planner"), 2027)

    assert (standing(s, old), standing(s, key), mending(s, key).state) == ("normal", "restricted", "due")


def test_what_passed_before_is_passed_where_it_goes(s: Sitting) -> None:
    s.session.execute(sa.update(Rectification).values(plan_due=LATER))
    on(s, 2026, 9, 2)
    years.begin_year(s.as_("planner"), 2026)
    mended(s, s.city.specialties["two-a"], "head-two")
    part = split(s, "two-a")
    s.city.wait(1)
    merged(s, "two-a", "one-a")
    on(s, 2027, 9, 2)
    years.begin_year(s.as_("planner"), 2027)

    for key in (part, s.city.specialties["one-a"]):
        assert standing(s, key) == "normal"
        assert rectification_queries.unmended(s.session, Specialty.id == key) == []
        asked = sa.select(Rectification.id).where(Rectification.specialty_id == key, Rectification.rating == "yellow")
        assert s.session.scalars(asked).all() == []


def test_what_failed_before_is_mended_anew_where_it_goes_with_one_recheck_at_least(s: Sitting) -> None:
    """The proposal to close is of what it was made about; after a merger that is closed, and what goes on mends."""
    on(s, 2026, 5, 26)
    rectifications.act_on_due(s.as_("secretary"))
    assert mending(s, s.city.specialties["two-a"]).state == "failed"
    part = split(s, "two-a")
    s.city.wait(1)
    merged(s, "two-a", "one-a")

    for key in (part, s.city.specialties["one-a"]):
        row = mending(s, key)
        assert (row.state, row.rating, row.plan_due > s.city.now) == ("due", "yellow", True)
        assert closing_queries.proposal_of(s.session, key) is None


def test_an_appeal_that_leaves_the_colour_leaves_what_is_mended_where_the_rating_went(s: Sitting) -> None:
    key = split(s, "two-a")
    before = mending(s, key).id
    overturn(s, "two-a", "yellow")

    row = mending(s, key)
    assert (row.id, row.state, row.review_id) == (before, "due", s.reviews["two-a"])


def test_another_colour_where_the_rating_went_is_mended_there_too(s: Sitting) -> None:
    key = split(s, "two-a")
    before = mending(s, key).id
    overturn(s, "two-a", "red")

    row = mending(s, key)
    assert (row.id != before, row.rating, row.state, row.review_id) == (True, "red", "due", s.reviews["two-a"])
    assert s.session.get_one(Rectification, before, populate_existing=True).state == "superseded"


def test_what_lost_its_ground_to_a_rating_that_is_overturned_is_mended_again(s: Sitting) -> None:
    """A red one became part of a yellow one, whose own mending ended with that; then red is overturned."""
    key = s.city.specialties["two-a"]
    before = mending(s, key).id
    s.city.wait(1)
    merged(s, "city-a", "two-a")
    assert (mending(s, key).rating, mending(s, key).state) == ("red", "due")
    assert s.session.get_one(Rectification, before, populate_existing=True).state == "superseded"
    overturn(s, "city-a", "green")

    row = mending(s, key)
    assert (row.rating, row.state, row.review_id, row.plan_due > s.city.now) == (
        "yellow", "due", s.reviews["two-a"], True,
    )  # fmt: skip
    going = sa.select(Rectification.id).where(Rectification.specialty_id == key, Rectification.state != "superseded")
    assert s.session.scalars(going).all() == [row.id]
    told = [e for e in events(s, "rectification.carry") if e.facts.get("until")]
    assert [(e.audience, e.specialty_id) for e in told] == [("school", key)]
    assert overdue.listing(s.as_("secretary"), s.round_id, Page(9))[0] == []  # nothing is missing


def test_what_nobody_asked_to_mend_is_an_open_case_until_the_bureau_asks(s: Sitting) -> None:
    """A part split off before it mended by itself had no rectification: whoever supervises sees it as nobody's act."""
    key = split(s, "two-a")
    elsewhere = s.city.specialties["one-b"]  # as if it had begun none
    s.session.execute(sa.update(Rectification).where(Rectification.specialty_id == key).values(specialty_id=elsewhere))
    taught = code_of(s, key)
    for _ in range(2):  # once on record
        overdue.act_on_due(s.city.clock(), s.round_id)
    [late] = overdue.listing(s.as_("secretary"), s.round_id, Page(9))[0]
    shown = overdue.late_view(late)
    assert (shown["what"], shown["code"], shown["owner"], shown["superior"]) == (
        "mending", taught, "bureau_verifier", "bureau_approver",
    )  # fmt: skip
    [event] = events(s, "specialty.escalate")
    assert (event.specialty_id, event.audience) == (key, "office")

    assert refused(NotYou, lambda: rectifications.begin(s.as_("secretary"), taught, "示例"))
    assert refused(Invalid, lambda: rectifications.begin(s.as_("bureau-verifier"), taught, " "))
    row = rectifications.begin(s.as_("bureau-verifier"), taught, "示例：分设时没有启动")
    assert (row.specialty_id, row.state, row.rating, row.review_id) == (key, "due", "yellow", s.reviews["two-a"])
    [told] = events(s, "rectification.begin")
    assert (told.audience, told.reason, told.facts["until"]) == (
        "school", "示例：分设时没有启动", last_local_day(row.plan_due, LOCAL).isoformat(),
    )  # fmt: skip
    assert overdue.listing(s.as_("secretary"), s.round_id, Page(9))[0] == []
    for named in (taught, code(s, "one-a")):  # asked now; green
        assert refused(NotNow, lambda named=named: rectifications.begin(s.as_("bureau-verifier"), named, "示例")) == [  # type: ignore[misc]
            ("mending-not-missing", "specialty")
        ]


def test_where_no_failure_is_allowed_the_first_is_the_last_also_where_the_rating_went(session: Session) -> None:
    strict = BITES.replace(MENDS, MENDS.replace("failures_allowed: 2", "failures_allowed: 0"))
    s = make_confirmed(session, policy=strict)
    on(s, 2026, 5, 26)
    rectifications.act_on_due(s.as_("secretary"))
    part = split(s, "two-a")
    s.city.wait(1)
    merged(s, "two-a", "one-a")

    for key in (part, s.city.specialties["one-a"]):
        assert (mending(s, key).state, mending(s, key).failures, mending(s, key).findings) == ("due", 0, "")


def test_a_letter_tells_the_days_of_its_own_specialty_alone(s: Sitting) -> None:
    """What the other mends goes on under the new review, and is older than what its own begins anew."""
    key = split(s, "two-a")
    appeal = appeal_heard(s, "two-a")
    s.session.execute(sa.update(Rectification).where(Rectification.specialty_id == key).values(plan_due=LATER))
    on(s, 2026, 5, 26)
    rectifications.act_on_due(s.as_("secretary"))
    review = confirm_anew(s, "two-a", appeal, "yellow")

    own, other = mending(s, s.city.specialties["two-a"]), mending(s, key)
    assert (own.review_id, other.review_id, own.id > other.id) == (review, review, True)
    [letter] = notice_queries.confirmed(s.session, [review])
    assert (letter.specialty_id, letter.plan_due) == (own.specialty_id, own.plan_due)
