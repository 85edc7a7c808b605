"""Visits: the office names who goes, only they see the review and report, and every version of a report is kept."""

import io
from datetime import date

import pytest
import sqlalchemy as sa
from docx import Document as Word
from sqlalchemy.orm import Session

from factories import CITY, make_person
from factories_deliberation import (
    REGULAR,
    VISITS,
    Sitting,
    close_item,
    convene,
    employ,
    make_scored,
    nothing_left,
    refused,
)
from factories_rights import other_city, serves_elsewhere
from remembered import remembered_fixture
from specialty_eval.actions import (
    ballots,
    blind,
    calendars,
    feed,
    meeting_views,
    packs,
    panel,
    review_actions,
    rounds,
    site_visits,
    views,
)
from specialty_eval.actions.calendars import Days
from specialty_eval.actions.context import LOCAL, Context
from specialty_eval.actions.paging import Page
from specialty_eval.actions.site_visits import Said
from specialty_eval.engine.calendar import last_local_day
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.permissions import Role
from specialty_eval.store import scopes
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Review
from specialty_eval.store.site_visits import SiteVisitor, SiteVisitReport

WORKS = "示例：已现场查看"


@remembered_fixture
def s(session: Session) -> Sitting:
    """A red review that must be visited and a green one, a second visitor, and one of another city."""
    sitting = make_scored(session, {"one-a": "red", "two-a": "green"}, policy=VISITS)
    bureau = sitting.city.organisations[f"bureau:{CITY}"]
    sitting.city.people["visitor-2"] = make_person(session, login="visitor-2", roles={Role.SITE_VISITOR: bureau})
    other_city(sitting.city)
    return sitting


def name(s: Sitting, *who: str, short: str = "one-a") -> list[SiteVisitor]:
    return site_visits.name(s.as_("secretary"), s.reviews[short], [s.city.people[login] for login in who])


def said(ctx: Context, key: int) -> dict[str, list[str]]:
    row = ctx.session.get_one(Review, key)
    return {p.event: [problem.code for problem in p.reasons] for p in review_actions.possible(ctx, row)}


def told(session: Session, kind: str) -> list[tuple[str, str, dict[str, object]]]:
    found = session.scalars(sa.select(Event).where(Event.kind == kind).order_by(Event.seq))
    return [(e.audience, e.reason, e.facts) for e in found]


def test_who_is_named_sees_this_review_alone_and_reports_it(s: Sitting) -> None:
    visitor, key, other = s.as_("site-visitor"), s.reviews["one-a"], s.reviews["two-a"]
    row = s.session.get_one(Review, key)
    for read in (lambda: views.review_view(visitor, row), lambda: site_visits.of_review(visitor, key)):
        assert [code for code, _ in refused(NotFound, read)] == ["not-found"]
    with nothing_left(s.session):
        assert refused(NotYou, lambda: site_visits.report(visitor, key, Said(WORKS))) == [
            ("not-named-to-visit", "site_visit")
        ]

    (named,) = name(s, "site-visitor")

    assert views.review_view(visitor, row)["evidence"]["figures"]
    shown, _ = site_visits.listing(visitor, Page(9))
    assert [(v.visitor.id, v.code, v.school, v.reports) for v in shown] == [
        (named.id, s.city.codes["one-a"], "示例职业学校one", 0)
    ]
    assert refused(NotFound, lambda: views.review_view(visitor, s.session.get_one(Review, other)))
    assert refused(NotFound, lambda: site_visits.of_review(visitor, other))
    assert refused(NotYou, lambda: site_visits.report(visitor, other, Said(WORKS)))
    assert said(visitor, key) == {"report_visit": []}

    made = site_visits.report(visitor, key, Said(WORKS))

    assert (made.number, made.visited_on, made.reported_by) == (1, visitor.today, visitor.person_id)
    assert told(s.session, "review.visit") == [("school", "", {"version": 1, "in_their_place": False})]
    (heard,) = s.session.scalars(sa.select(Event).where(Event.kind == "review.name_visitors"))
    assert heard.facts["visitors"] == 1
    hears = {who: feed.seen(s.as_(who), heard.seq) is not None
             for who in ("site-visitor", "visitor-2", "secretary", "head-one", "county-one")}  # fmt: skip
    assert hears == {"site-visitor": True, "visitor-2": False, "secretary": True, "head-one": False,
                     "county-one": False}  # fmt: skip
    assert [r.findings for r in site_visits.of_review(s.as_("auditor"), key).reports] == [WORKS]
    for who in ("head-one", "county-one", "visitor-2", "stranger", "research-1"):
        assert refused(NotFound, lambda who=who: site_visits.of_review(s.as_(who), key))  # type: ignore[misc]


def test_whom_the_office_cannot_name_is_told_each_with_why(s: Sitting) -> None:
    key, people = s.reviews["one-a"], s.city.people
    name(s, "visitor-2")
    employ(s, "site-visitor", school="one")
    wanted = [people[who] for who in ("stranger", "expert-1", "visitor-2", "site-visitor")]

    with nothing_left(s.session):
        found = refused(Invalid, lambda: site_visits.name(s.as_("secretary"), key, wanted))

    assert sorted(found) == sorted([
        ("not-a-site-visitor", f"visitors.{people['stranger']}"),
        ("not-a-site-visitor", f"visitors.{people['expert-1']}"),
        ("visitor-named-already", f"visitors.{people['visitor-2']}"),
        ("interest-declared", f"visitors.{people['site-visitor']}"),
    ])  # fmt: skip
    for who in ("site-visitor", "bureau-approver", "administrator", "stranger"):
        with nothing_left(s.session):
            assert refused(NotYou, lambda who=who: site_visits.name(s.as_(who), key, [people["visitor-2"]]))  # type: ignore[misc]
    s.review("one-a").state = "open"  # nothing to look at yet
    s.session.flush()
    assert refused(NotNow, lambda: name(s, "visitor-2", short="one-a"))[0] == ("step-not-open", "review")


def test_visitors_are_named_for_several_reviews_at_once_or_for_none(s: Sitting) -> None:
    one, two, people = s.reviews["one-a"], s.reviews["two-a"], s.city.people
    employ(s, "visitor-2", school="two")
    both = {one: [people["site-visitor"]], two: [people["site-visitor"], people["visitor-2"], people["stranger"]]}

    with nothing_left(s.session):
        found = refused(Invalid, lambda: site_visits.name_all(s.as_("secretary"), s.round_id, both))
        assert sorted(found) == sorted([
            ("interest-declared", f"reviews.{two}.visitors.{people['visitor-2']}"),
            ("not-a-site-visitor", f"reviews.{two}.visitors.{people['stranger']}"),
        ])  # fmt: skip
        assert refused(NotFound, lambda: site_visits.name_all(s.as_("secretary"), s.round_id + 1, both))
        assert refused(NotYou, lambda: site_visits.name_all(s.as_("bureau-approver"), s.round_id, both))

    both[two] = both[two][:1]
    made = site_visits.name_all(s.as_("secretary"), s.round_id, both)

    assert [(v.review_id, v.person_id) for v in made] == [(one, people["site-visitor"]), (two, people["site-visitor"])]
    assert [facts["visitors"] for _, _, facts in told(s.session, "review.name_visitors")] == [1, 1]
    shown, _ = site_visits.listing(s.as_("site-visitor"), Page(9))
    assert {v.visitor.review_id for v in shown} == {one, two}


def test_whose_conflict_is_found_later_reports_no_more(s: Sitting) -> None:
    name(s, "site-visitor")
    employ(s, "site-visitor", school="one")

    assert refused(NotYou, lambda: site_visits.report(s.as_("site-visitor"), s.reviews["one-a"], Said(WORKS))) == [
        ("recused", "site_visit")
    ]
    assert site_visits.listing(s.as_("site-visitor"), Page(9))[0] == []


@pytest.mark.parametrize(
    "by", ["everybody is given longer", "they alone are given longer", "its last day becomes a day off"]
)
def test_a_visitors_day_moves_later_as_an_experts_does_and_they_are_told(s: Sitting, by: str) -> None:
    first, gone = name(s, "site-visitor", "visitor-2")
    site_visits.withdraw(s.as_("secretary"), gone.id, "示例：出差")
    told_first = first.due
    last = last_local_day(told_first, LOCAL)
    if by == "everybody is given longer":
        later = date(2026, 12, 1)
        rounds.extend_all(s.as_("secretary"), s.round_id, later, "示例：平台停机")
    elif by == "they alone are given longer":
        later = date(2026, 12, 1)
        site_visits.extend(s.as_("secretary"), first.id, later, "示例：道路不通")
    else:
        assert calendars.enter(s.city.clock(), last.year, Days([last], [], "示例：放假")) >= 1
        later = s.city.clock().calendar().next_working(last)
    s.session.expire_all()

    assert (last_local_day(first.due, LOCAL), gone.due) == (later, told_first)
    what = sa.and_(Event.kind == "review.extend", Event.facts["what"].astext == "site_visit")
    [event] = s.session.scalars(sa.select(Event).where(what))
    assert (event.audience, event.facts["until"], event.subject_id) == (
        "office", later.isoformat(), s.reviews["one-a"],
    )  # fmt: skip
    assert {who: feed.seen(s.as_(who), event.seq) is not None
            for who in ("site-visitor", "visitor-2", "secretary", "head-one", "county-one", "expert-1")} == {
        "site-visitor": True, "visitor-2": False, "secretary": True, "head-one": False, "county-one": False,
        "expert-1": False,
    }  # fmt: skip


def test_a_visitor_is_given_longer_by_the_office_with_a_reason_and_never_shorter(s: Sitting) -> None:
    first, gone = name(s, "site-visitor", "visitor-2")
    site_visits.withdraw(s.as_("secretary"), gone.id, "示例：出差")
    later, told_first = date(2026, 12, 1), last_local_day(first.due, LOCAL)

    def extend(who: str, key: int, until: date, reason: str = "示例") -> SiteVisitor:
        return site_visits.extend(s.as_(who), key, until, reason)

    with nothing_left(s.session):
        assert refused(Invalid, lambda: extend("secretary", first.id, told_first, " ")) == [
            ("reason-missing", "reason"), ("deadline-never-earlier", "until"),
        ]  # fmt: skip
        assert refused(Invalid, lambda: extend("secretary", first.id, date(2026, 1, 5))) == [
            ("deadline-in-the-past", "until"), ("deadline-never-earlier", "until"),
        ]  # fmt: skip
        assert refused(NotNow, lambda: extend("secretary", gone.id, later)) == [
            ("visitor-withdrawn-already", "site_visitor")
        ]
        for who in ("bureau-verifier", "site-visitor"):
            assert refused(NotYou, lambda who=who: extend(who, first.id, later))  # type: ignore[misc]
        for who in ("head-one", "stranger", "visitor-2"):
            assert refused(NotFound, lambda who=who: extend(who, first.id, later))  # type: ignore[misc]
    site_visits.report(s.as_("site-visitor"), s.reviews["one-a"], Said(WORKS))
    assert refused(NotNow, lambda: extend("secretary", first.id, later)) == [("step-not-open", "review")]


def test_nobody_is_told_of_a_longer_day_that_is_another_visitors_alone(s: Sitting) -> None:
    both = name(s, "site-visitor", "visitor-2")
    for visitor, until in zip(both, (date(2026, 12, 1), date(2026, 12, 15)), strict=True):
        site_visits.extend(s.as_("secretary"), visitor.id, until, "示例")

    heard = s.session.scalars(sa.select(Event.seq).where(Event.kind == "review.extend").order_by(Event.seq)).all()
    for who, told in (("site-visitor", [True, False]), ("visitor-2", [False, True])):
        assert [feed.seen(s.as_(who), seq) is not None for seq in heard] == told


def test_who_serves_another_city_now_is_told_no_more_of_this_ones_visit(s: Sitting) -> None:
    name(s, "site-visitor")
    heard = s.session.scalars(sa.select(Event.seq).where(Event.kind == "review.name_visitors")).one()
    assert feed.seen(s.as_("site-visitor"), heard) is not None

    serves_elsewhere(s.city, "site-visitor")

    assert site_visits.listing(s.as_("site-visitor"), Page(9))[0] == []
    assert feed.seen(s.as_("site-visitor"), heard) is None


def test_in_a_blind_round_nobody_scores_and_visits_the_same_review(s: Sitting) -> None:
    key = s.reviews["one-a"]
    s.session.execute(sa.text("UPDATE round SET blind = true"))
    bureau = s.city.organisations[f"bureau:{CITY}"]
    s.city.people["both"] = make_person(s.session, login="both", roles={Role.SITE_VISITOR: bureau, Role.EXPERT: bureau})
    both = s.city.people["both"]
    s.session.execute(
        sa.text("INSERT INTO expert_assignment (review_id, person_id, state, due) VALUES (:r, :p, 'invited', :d)"),
        {"r": key, "p": both, "d": s.city.now},
    )
    assert refused(Invalid, lambda: name(s, "both")) == [("visitor-scores-blind", f"visitors.{both}")]

    name(s, "both", short="two-a")
    assert ("visitor-scores-blind", f"experts.{both}") in refused(
        NotNow, lambda: panel.invite(s.as_("secretary"), s.reviews["two-a"], [both])
    )


def test_who_is_withdrawn_sees_nothing_more_and_what_they_reported_stays(s: Sitting) -> None:
    key, visitor = s.reviews["one-a"], s.as_("site-visitor")
    (named,) = name(s, "site-visitor")
    site_visits.report(visitor, key, Said(WORKS))
    for who, kind in (("site-visitor", NotYou), ("bureau-approver", NotYou), ("head-one", NotFound)):
        assert refused(kind, lambda who=who: site_visits.withdraw(s.as_(who), named.id, "示例"))  # type: ignore[misc]
    assert refused(Invalid, lambda: site_visits.withdraw(s.as_("secretary"), named.id, " ")) == [
        ("reason-missing", "reason")
    ]

    site_visits.withdraw(s.as_("secretary"), named.id, "示例：出差")

    assert refused(NotNow, lambda: site_visits.withdraw(s.as_("secretary"), named.id, "示例")) == [
        ("visitor-withdrawn-already", "site_visitor")
    ]
    assert told(s.session, "review.withdraw_visitor") == [("office", "示例：出差", {})]
    assert refused(NotFound, lambda: views.review_view(visitor, s.session.get_one(Review, key)))
    assert refused(NotYou, lambda: site_visits.report(visitor, key, Said("示例：再看", reason="示例", corrects=1)))
    name(s, "visitor-2", "site-visitor")  # another goes, or the same again
    made = site_visits.report(s.as_("visitor-2"), key, Said("示例：复看", reason="示例：前次未看实训室", corrects=1))
    visit = site_visits.of_review(s.as_("secretary"), key)
    assert [(r.number, r.findings) for r in visit.reports] == [(1, WORKS), (2, "示例：复看")]
    assert (made.number, len(visit.visitors), visit.visitors[0].withdrawn_reason) == (2, 3, "示例：出差")


def test_the_office_reports_in_their_place_once_everybodys_days_are_over_and_says_why(s: Sitting) -> None:
    key, secretary = s.reviews["one-a"], s.as_("secretary")
    assert said(secretary, key)["name_visitors"] == []
    assert refused(NotNow, lambda: site_visits.report(secretary, key, Said(WORKS, reason="示例"))) == [
        ("visitors-not-named", "visitors")
    ]
    (first,) = name(s, "site-visitor")
    s.city.wait(10)
    name(s, "visitor-2")
    s.city.now = first.due
    with nothing_left(s.session):
        assert refused(NotNow, lambda: site_visits.report(s.as_("secretary"), key, Said(WORKS))) == [
            ("visit-days-running", "visitors"), ("reason-missing", "reason"),
        ]  # fmt: skip
    s.city.wait(30)
    assert said(s.as_("secretary"), key)["report_visit"] == []
    assert refused(Invalid, lambda: site_visits.report(s.as_("secretary"), key, Said(WORKS))) == [
        ("reason-missing", "reason")
    ]

    site_visits.report(s.as_("secretary"), key, Said(WORKS, reason="示例：逾期未报"))

    assert told(s.session, "review.visit") == [("school", "", {"version": 1, "in_their_place": True})]
    late = Said("示例：迟到的报告", reason="示例：补报", corrects=1)
    assert site_visits.report(s.as_("site-visitor"), key, late).number == 2  # late is not too late


def test_a_report_is_corrected_by_a_later_version_with_a_reason_until_the_vote(s: Sitting) -> None:
    key, visitor = s.reviews["one-a"], s.as_("site-visitor")
    name(s, "site-visitor", "visitor-2")
    ahead = visitor.today.replace(year=visitor.today.year + 1)
    assert sorted(refused(Invalid, lambda: site_visits.report(visitor, key, Said(" ", ahead)))) == [
        ("day-out-of-reach", "visited_on"), ("findings-missing", "findings"),
    ]  # fmt: skip
    site_visits.report(visitor, key, Said(WORKS))
    with nothing_left(s.session):
        # The second of two at once hears that the other was first.
        assert refused(NotNow, lambda: site_visits.report(s.as_("visitor-2"), key, Said("示例：另一份"))) == [
            ("site-visit-reported", "corrects")
        ]
        assert refused(Invalid, lambda: site_visits.report(visitor, key, Said("示例", corrects=1))) == [
            ("reason-missing", "reason")
        ]
    site_visits.report(visitor, key, Said("示例：设备12台", reason="示例：误记", corrects=1))
    with nothing_left(s.session):
        assert refused(Changed, lambda: site_visits.report(visitor, key, Said("示例", reason="示例", corrects=1))) == [
            ("changed-meanwhile", "site_visit")
        ]
    convene(s)
    seen = meeting_views.material(s.as_("secretary"), s.items["one-a"])
    assert (seen["site_visit"], [r["number"] for r in seen["site_visit_reports"]]) == ("示例：设备12台", [1, 2])

    _, content = packs.pack(s.as_("secretary"), s.items["one-a"])
    paper = "\n".join(part.text for part in Word(io.BytesIO(content)).paragraphs)
    latest, earlier = paper.index("（第2版，示例：误记）：示例：设备12台"), paper.index("（第1版）")
    assert latest < earlier
    s.vote("one-a", dict.fromkeys([login for login, _ in REGULAR], "red"))
    again = Said("示例：设备13台", reason="示例：再误记", corrects=2)
    assert refused(NotNow, lambda: site_visits.report(visitor, key, again)) == [("site-visit-under-vote", "site_visit")]
    ballots.end_vote(s.as_("secretary"), s.items["one-a"])
    close_item(s.as_("secretary"), s.items["one-a"])
    assert refused(NotNow, lambda: site_visits.report(visitor, key, again)) == [("step-not-open", "review")]
    assert s.session.scalar(sa.select(sa.func.count()).select_from(SiteVisitReport)) == 2


def test_a_visitor_is_no_blind_reader(s: Sitting) -> None:
    s.session.execute(sa.text("UPDATE round SET blind = true"))
    name(s, "site-visitor")
    visitor, row = s.as_("site-visitor"), s.session.get_one(Review, s.reviews["one-a"])
    scope = scopes.of_review(s.session, row.id, acting=visitor.person_id)
    assert not blind.reads_blind(visitor, row, scope)
    assert views.review_view(visitor, row)["school"] == "示例职业学校one"
