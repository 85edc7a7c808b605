"""Meetings: who may sit, what may be listed, who declares what, and what a recused member sees."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import (
    REGULAR,
    convene,
    employ,
    make_convened,
    make_scored,
    new_meeting,
    nothing_left,
    refused,
)
from specialty_eval.actions import ballots, committee, conflicts, interests, meeting_views, members
from specialty_eval.actions.committee import Substitute
from specialty_eval.actions.paging import Page
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Problem
from specialty_eval.store.deliberation import Ballot, InterestDeclaration, Meeting, MeetingItem, MeetingSeat
from specialty_eval.store.ledger import Event

RATINGS = {"one-a": "yellow", "two-a": "green", "city-a": "red"}


def test_a_meeting_seats_every_regular_member_in_term_and_lists_its_reviews(session: Session) -> None:
    s = make_scored(session, RATINGS)

    made = committee.create(s.as_("secretary"), new_meeting(s))

    seated = set(session.scalars(sa.select(MeetingSeat.member_id).where(MeetingSeat.meeting_id == made.id)))
    listed = session.execute(sa.select(MeetingItem.review_id, MeetingItem.state).order_by(MeetingItem.review_id)).all()
    assert seated == {s.members[login] for login, _ in REGULAR}
    assert [tuple(row) for row in listed] == [(key, "listed") for key in sorted(s.reviews.values())]


def test_only_the_secretary_calls_a_meeting(session: Session) -> None:
    s = make_scored(session, RATINGS)

    for who in ("chair", "bureau-approver", "auditor", "head-one", "industry-1", "nobody"):
        with pytest.raises(NotYou):
            committee.create(s.as_(who), new_meeting(s))
    assert session.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 0


def test_everything_wrong_with_a_meeting_is_said_at_once_and_nothing_is_kept(session: Session) -> None:
    s = make_scored(session, RATINGS)
    one, two = s.reviews["one-a"], s.reviews["two-a"]
    convene(s, reviews=[two])
    for login in ("research-1", "research-2"):
        members.end_term(s.as_("secretary"), s.members[login], s.city.now.date().replace(day=1))
    asked = new_meeting(
        s,
        chair=s.members["research-1"],
        deputy_secretary=s.city.people["secretary"],
        substitutes=[
            Substitute(s.members["substitute-research"], s.members["industry-1"]),
            Substitute(s.members["enterprise-1"], s.members["enterprise-2"]),
        ],
        reviews=[one, one, two, 999_999],
        together=frozenset({s.reviews["city-a"]}),
    )

    assert refused(Invalid, lambda: committee.create(s.as_("secretary"), asked)) == [
        ("sector-differs", f"substitutes.{s.members['substitute-research']}"),
        ("not-a-substitute", f"substitutes.{s.members['enterprise-1']}"),
        ("not-seated", "chair"),
        ("deputy-is-the-same", "deputy_secretary"),
        ("sector-missing", "sectors.research"),
        ("listed-twice", f"reviews.{one}"),
        ("not-on-the-list", f"together.{s.reviews['city-a']}"),
        ("listed-elsewhere", f"reviews.{two}"),
        ("not-found", "reviews.999999"),
    ]
    assert session.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 1


def test_a_member_whose_term_ended_is_not_seated_and_cannot_be(session: Session) -> None:
    s = make_scored(session, RATINGS)
    gone = s.members["industry-2"]
    members.end_term(s.as_("secretary"), gone, s.city.now.date().replace(day=1))

    made = committee.create(s.as_("secretary"), new_meeting(s, reviews=[]))

    assert gone not in set(session.scalars(sa.select(MeetingSeat.member_id).where(MeetingSeat.meeting_id == made.id)))
    asked = new_meeting(s, reviews=[], chair=gone)
    assert refused(Invalid, lambda: committee.create(s.as_("secretary"), asked)) == [("not-seated", "chair")]


def test_who_does_not_come_stays_in_the_base_of_the_quorum(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.attend("industry-2", "enterprise-2", "research-2", "deputy-chair")

    assert refused(NotNow, lambda: ballots.call_vote(s.as_("secretary"), s.items["one-a"])) == [
        ("quorum-missing", "seats")
    ]


def test_whoever_has_voted_on_an_item_counts_as_present_until_it_closes(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow", "two-a": "yellow"})
    convene(s)
    sub, stood_for = s.members["substitute-industry"], s.members["industry-1"]
    s.attend("industry-1", substitutes=[Substitute(sub, stood_for)])
    s.declare("substitute-industry")
    s.vote("one-a", {"substitute-industry": "yellow", "research-1": "yellow"})
    s.vote("two-a", {})

    with nothing_left(session):
        assert refused(Invalid, lambda: s.attend("research-1")) == sorted(
            [("voting-on-an-item", f"members.{s.members['research-1']}"), ("voting-on-an-item", f"members.{sub}")],
            key=lambda said: int(said[1].partition(".")[2]),
        )
        with_the_member = {*s.members.values()} - {s.members["substitute-research"]}
        back = lambda: committee.attend(s.as_("secretary"), s.meeting, with_the_member, [Substitute(sub, stood_for)])  # noqa: E731
        assert refused(Invalid, back) == [("voting-on-an-item", f"members.{sub}")]
    s.attend("industry-1", "chair", substitutes=[Substitute(sub, stood_for)])  # who has not voted may leave

    conflicts.void(s.as_("secretary"), s.items["one-a"], "示例：改期审议")
    s.attend("research-1")


def test_an_appointment_has_a_person_and_days_that_run_forwards(session: Session) -> None:
    s = make_scored(session, RATINGS)
    day = s.city.now.date()
    new = members.NewMember(999_999, "industry", day, day.replace(year=2020))

    assert refused(Invalid, lambda: members.appoint(s.as_("secretary"), new)) == [
        ("not-found", "person_id"),
        ("ends-before-it-begins", "term_to"),
    ]
    kept = members.appoint(s.as_("secretary"), members.NewMember(s.city.people["nobody"], "industry", day, day))
    assert [m["id"] for m in meeting_views.members(s.as_("secretary"))][-1] == kept.id


def test_attendance_says_who_is_here_and_a_substitute_takes_one_seat_of_its_own_sector(session: Session) -> None:
    s = make_convened(session, RATINGS)
    sub = s.members["substitute-industry"]

    s.attend("industry-1", substitutes=[Substitute(sub, s.members["industry-1"])])

    seats = {seat["member"]: seat for seat in meeting_views.meeting_view(s.as_("secretary"), s.meeting)["seats"]}
    assert (seats[s.members["industry-1"]]["present"], seats[sub]["present"]) == (False, True)
    assert seats[sub]["stands_in_for"] == s.members["industry-1"]
    wrong = [Substitute(s.members["substitute-research"], s.members["industry-1"])]
    asked = {s.members["substitute-research"], 999_999}
    assert refused(Invalid, lambda: committee.attend(s.as_("secretary"), s.meeting, asked, wrong)) == [
        ("sector-differs", f"substitutes.{s.members['substitute-research']}"),
        ("not-seated", "members.999999"),
    ]
    both = [Substitute(sub, s.members["industry-1"]), Substitute(sub, s.members["industry-2"])]
    assert refused(Invalid, lambda: committee.attend(s.as_("secretary"), s.meeting, set(), both)) == [
        ("seat-taken-twice", f"substitutes.{sub}"),
        ("seat-taken-twice", f"substitutes.{sub}"),
    ]
    s.attend()
    seats = {seat["member"]: seat for seat in meeting_views.meeting_view(s.as_("secretary"), s.meeting)["seats"]}
    assert sub not in seats


def test_only_the_bureau_waives_a_sector_and_only_in_writing(session: Session) -> None:
    s = make_convened(session, RATINGS)

    with pytest.raises(NotYou):
        committee.waive(s.as_("secretary"), s.meeting, "research", "示例")
    assert refused(Invalid, lambda: committee.waive(s.as_("bureau-approver"), s.meeting, "press", " ")) == [
        ("reason-missing", "reason"),
        ("sector-unknown", "sector"),
    ]
    assert committee.waive(s.as_("bureau-approver"), s.meeting, "research", "示例：函〔2026〕1号").waived_sectors == [
        "research"
    ]


def test_not_declared_is_not_none_and_shows_no_material(session: Session) -> None:
    s = make_scored(session, RATINGS)
    meeting = committee.create(s.as_("secretary"), new_meeting(s))
    item = session.scalars(sa.select(MeetingItem.id).where(MeetingItem.review_id == s.reviews["two-a"])).one()
    ballots.open_items(s.as_("secretary"), meeting.id)
    where = f"items.{item}"

    assert refused(NotYou, lambda: meeting_views.material(s.as_("industry-1"), item)) == [
        ("interest-not-declared", where)
    ]
    interests.declare(s.as_("industry-1"), item, False)
    assert meeting_views.material(s.as_("industry-1"), item)["rating"] == "green"
    assert refused(NotYou, lambda: meeting_views.material(s.as_("chair"), item)) == [("interest-not-declared", where)]
    assert meeting_views.material(s.as_("auditor"), item)["rating"] == "green"
    for outsider in ("nobody", "head-two", "substitute-industry", "expert-1"):
        with pytest.raises(NotFound):
            meeting_views.material(s.as_(outsider), item)


def test_material_opens_with_the_item_and_closes_when_it_is_put_off(session: Session) -> None:
    s = make_scored(session, RATINGS)
    meeting = committee.create(s.as_("secretary"), new_meeting(s))
    item = session.scalars(sa.select(MeetingItem.id).where(MeetingItem.review_id == s.reviews["two-a"])).one()
    interests.declare(s.as_("industry-1"), item, False)

    assert refused(NotNow, lambda: meeting_views.material(s.as_("industry-1"), item)) == [("material-not-open", "item")]
    assert ballots.open_items(s.as_("secretary"), meeting.id, [item]) == 1
    shown = meeting_views.material(s.as_("industry-1"), item)
    computed = {k: shown[k] for k in ("rating", "total", "completeness", "dimensions", "indicators", "reasons")}
    assert computed == {
        "rating": "green",
        "total": "70.00",
        "completeness": "100.00",
        "dimensions": {"all": "70.00"},
        "indicators": [],
        "reasons": [{"code": "high", "label": {"zh": "总分不低于80"}}],
    }
    assert (shown["state"], shown["decision"]) == ("open", None)
    assert shown["evidence"]["figures"] == {"graduates": {"value": "60", "source": "示例"}}


def test_whoever_works_at_the_school_or_its_partner_sees_the_title_alone(session: Session) -> None:
    s = make_scored(session, {**RATINGS, "joint": "yellow"})
    employ(s, "industry-1", school="two")
    employ(s, "enterprise-1", enterprise="示例企业joint")
    employ(s, "secretary", school="two")
    convene(s)
    item, joint = s.items["two-a"], s.items["joint"]

    for who, recused in (("industry-1", {item, joint}), ("enterprise-1", {joint}), ("secretary", {item, joint})):
        rows, cursor = meeting_views.items_view(s.as_(who), s.meeting, Page(50))
        assert cursor is None
        hidden = [row for row in rows if row["recused"]]
        assert {row["id"] for row in hidden} == recused
        assert all(set(row) == {"id", "title", "recused"} for row in hidden)
        assert len(rows) == 4
        for key in recused:
            assert refused(NotYou, lambda key=key, who=who: meeting_views.material(s.as_(who), key)) == [  # type: ignore[misc]
                ("recused", f"items.{key}")
            ]
    assert set(meeting_views.meeting_view(s.as_("industry-1"), s.meeting)) == {
        "id", "round_id", "title", "held_at", "chair", "deputy_chair", "secretary", "deputy_secretary",
        "waived_sectors", "written", "seats",
    }  # fmt: skip


def test_a_recused_chair_and_secretary_open_nothing_there_and_their_deputies_do(session: Session) -> None:
    s = make_scored(session, RATINGS)
    employ(s, "chair", school="two")
    employ(s, "secretary", school="two")
    convene(s)
    item = s.items["two-a"]

    assert s.item("two-a").state == "listed"  # opening everything left out what the secretary is recused from
    for who in ("chair", "secretary"):
        assert refused(NotYou, lambda who=who: ballots.open_items(s.as_(who), s.meeting, [item])) == [  # type: ignore[misc]
            ("recused", f"items.{item}")
        ]
    assert ballots.open_items(s.as_("secretary-2"), s.meeting, [item]) == 1
    s.declare("secretary-2")
    assert ballots.call_vote(s.as_("secretary-2"), item).state == "voting"


def test_an_interest_needs_a_reason_stands_for_good_and_voids_the_ballot_before_it(session: Session) -> None:
    s = make_convened(session, RATINGS)
    item, ctx = s.items["two-a"], s.as_("industry-1")
    s.vote("two-a", {"industry-1": "red"})

    assert refused(Invalid, lambda: interests.declare(ctx, item, True)) == [("reason-missing", "reason")]
    interests.declare(ctx, item, True, "示例：亲属任教")

    assert refused(NotNow, lambda: interests.declare(ctx, item, False)) == [("interest-stands", "interest")]
    assert session.scalars(sa.select(Ballot.void)).all() == [True]
    assert refused(NotYou, lambda: ballots.cast(ctx, item, "green")) == [("recused", f"items.{item}")]
    assert refused(NotYou, lambda: meeting_views.material(ctx, item)) == [("recused", f"items.{item}")]


def test_declaring_for_all_at_once_leaves_out_what_one_is_recused_from(session: Session) -> None:
    s = make_scored(session, RATINGS)
    employ(s, "industry-1", school="one")
    s.meeting = committee.create(s.as_("secretary"), new_meeting(s)).id
    rows, _ = meeting_views.items_view(s.as_("industry-1"), s.meeting, Page(50))
    by_title = {row["title"]: row["id"] for row in rows}
    city_item = next(key for title, key in by_title.items() if "city" in title)

    assert interests.declare_all(s.as_("industry-1"), s.meeting, {city_item: "示例：曾任顾问"}) == 2
    assert interests.declare_all(s.as_("industry-1"), s.meeting, {}) == 0
    said = session.execute(sa.select(InterestDeclaration.interest).order_by(InterestDeclaration.interest)).scalars()
    assert list(said) == ["interest", "none"]
    assert refused(Invalid, lambda: interests.declare_all(s.as_("industry-1"), s.meeting, {999_999: " "})) == [
        ("reason-missing", "interests.999999"),
        ("not-found", "interests.999999"),
    ]
    with pytest.raises(NotFound):
        interests.declare_all(s.as_("head-one"), s.meeting, {})


def test_events_name_neither_interests_nor_reasons(session: Session) -> None:
    s = make_convened(session, RATINGS)
    interests.declare(s.as_("industry-1"), s.items["two-a"], True, "示例：亲属任教")

    said = session.execute(
        sa.select(Event.kind, Event.facts, Event.reason, Event.audience).where(Event.kind.like("%.declare"))
    ).all()

    assert {tuple(map(str, row)) for row in said} == {
        ("meeting.declare", "{}", "", "sealed"),
        ("item.declare", "{}", "", "sealed"),
    }


def test_who_declared_what_is_read_by_secretary_chair_and_auditor_alone(session: Session) -> None:
    s = make_convened(session, RATINGS)
    item = s.items["two-a"]

    for who in ("secretary", "chair", "auditor"):
        assert len(meeting_views.declarations(s.as_(who), item)) == len(REGULAR) + 1
    for who in ("industry-1", "bureau-approver", "head-two", "nobody"):
        with pytest.raises(NotFound):
            meeting_views.declarations(s.as_(who), item)


def test_items_are_paged_and_a_query_count_does_not_grow_with_them(session: Session) -> None:
    s = make_convened(session, {**RATINGS, "x1": "green", "x2": "green"})

    first, cursor = meeting_views.items_view(s.as_("chair"), s.meeting, Page(2))
    second, _ = meeting_views.items_view(s.as_("chair"), s.meeting, Page.of(50, cursor))

    assert [row["id"] for row in (*first, *second)] == sorted(s.items.values())
    counted = []
    for limit in (1, 5):
        with_statements: list[str] = []
        connection = session.connection()

        def note(*args: object, kept: list[str] = with_statements) -> None:
            kept.append(str(args[2]))

        sa.event.listen(connection, "before_cursor_execute", note)
        ctx = s.as_("chair")
        with_statements.clear()
        meeting_views.items_view(ctx, s.meeting, Page(limit))
        sa.event.remove(connection, "before_cursor_execute", note)
        counted.append(len(with_statements))
    assert counted[0] == counted[1]


def test_a_meeting_that_is_not_there_is_not_found(session: Session) -> None:
    s = make_scored(session, RATINGS)
    nobody = Problem("not-found", "meeting", {"kind": "meeting", "id": 7_000})

    for act in (
        lambda: meeting_views.meeting_view(s.as_("secretary"), 7_000),
        lambda: interests.declare_all(s.as_("secretary"), 7_000, {}),
        lambda: ballots.open_items(s.as_("secretary"), 7_000),
    ):
        with pytest.raises(NotFound) as caught:
            act()
        assert caught.value.problems == (nobody,)
