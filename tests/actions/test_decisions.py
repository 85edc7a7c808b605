"""Votes and what they come to: sealed ballots, quorum, ties, overrides, agreeing together, and what undoes it all."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import (
    POLICY,
    REGULAR,
    VISITS,
    close_item,
    convene,
    employ,
    make_convened,
    make_scored,
    new_meeting,
    nothing_left,
    refused,
)
from specialty_eval.actions import ballots, committee, conflicts, decisions, meeting_actions, meeting_views
from specialty_eval.actions.committee import Substitute
from specialty_eval.actions.paging import Page
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.policy import Rating
from specialty_eval.store.deliberation import Ballot, Decision, MeetingItem
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Challenge, Review
from specialty_eval.store.site_visits import SiteVisitReport

EVERYBODY = [login for login, _ in REGULAR]
EASY = POLICY.replace("override_needs: 2/3", "override_needs: 3/8")
"""An override by three of eight, so that two ratings can have it at once."""
PAGE = Page(50)
FOUR_OF_SIX = {
    "industry-1": "yellow", "research-1": "yellow", "enterprise-1": "green", "enterprise-2": "green", "chair": "green",
    "deputy-chair": "green",
}  # fmt: skip
"""An override by exactly as many as it needs: without one of them it fails."""


def all_for(rating: str, *, but: dict[str, str] | None = None) -> dict[str, str]:
    """Everybody's ballot."""
    return {**dict.fromkeys(EVERYBODY, rating), **(but or {})}


def test_the_computed_rating_stands_when_nobody_overrides_it(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.vote("one-a", all_for("yellow", but={"industry-1": "abstain", "chair": "green"}))

    made = close_item(s.as_("secretary"), s.items["one-a"])

    assert (made.rating, made.computed, made.reason) == ("yellow", "yellow", "")
    shown = {k: made.tally[k] for k in ("votes", "abstentions", "present", "entitled", "overrides", "together")}
    assert shown == {
        "votes": {"yellow": 6, "green": 1}, "abstentions": 1, "present": 8, "entitled": 8, "overrides": False,
        "together": False,
    }  # fmt: skip
    assert made.tally["took_part"] == sorted(s.city.people[login] for login in EVERYBODY)
    review = s.review("one-a")
    assert (review.state, review.decided_rating, review.decision_id) == ("decided", "yellow", made.id)
    assert s.item("one-a").state == "closed"
    kinds = session.scalars(sa.select(Event.kind).order_by(Event.seq.desc()).limit(2)).all()
    assert kinds == ["review.decide", "item.close"]


def test_another_rating_needs_two_thirds_and_a_written_reason(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "yellow"})
    s.vote("one-a", all_for("green", but={"industry-1": "yellow", "chair": "yellow"}))
    s.vote("two-a", all_for("green", but=dict.fromkeys(["industry-1", "chair", "research-1"], "yellow")))

    with nothing_left(s.session):
        for short in ("one-a", "two-a"):  # one lacks a reason, the other nothing: the answer is the same
            close = lambda item=s.items[short]: decisions.close(s.as_("secretary"), item)  # noqa: E731
            assert refused(NotNow, close) == [("vote-not-ended", "item")]
    ballots.end_vote(s.as_("secretary"), s.items["one-a"])
    with nothing_left(s.session):
        assert refused(NotNow, lambda: close_item(s.as_("secretary"), s.items["one-a"])) == [
            ("override-reason-missing", "reason")
        ]
    overridden = close_item(s.as_("secretary"), s.items["one-a"], reason="示例：新建实训基地已投用")
    stands = close_item(s.as_("secretary"), s.items["two-a"], reason="示例")

    assert (overridden.rating, overridden.reason) == ("green", "示例：新建实训基地已投用")
    assert (stands.rating, stands.computed) == ("yellow", "yellow")


def test_a_members_words_never_serve_as_the_written_reason(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.vote("one-a", all_for("red"), reason="示例：某委员的话")
    ballots.end_vote(s.as_("chair"), s.items["one-a"])

    with nothing_left(s.session):
        assert refused(NotNow, lambda: close_item(s.as_("chair"), s.items["one-a"])) == [
            ("override-reason-missing", "reason")
        ]
    made = close_item(s.as_("chair"), s.items["one-a"], reason="示例：实训安全隐患")

    assert (made.rating, made.reason) == ("red", "示例：实训安全隐患")


def test_a_cap_and_a_rating_that_is_no_colour_are_open_to_no_vote(session: Session) -> None:
    ratings = {"one-a": "red", "two-a": "unrated", "city-a": "incomplete"}
    s = make_convened(session, ratings, reasons={"one-a": ["high", "accident"]})

    for short, rating in ratings.items():
        s.vote(short, {"chair": "abstain"})
        assert refused(Invalid, lambda key=s.items[short]: ballots.cast(s.as_("chair"), key, "green")) == [  # type: ignore[misc]
            ("choice-not-open", "choice")
        ]
        s.vote(short, all_for(rating))
        assert close_item(s.as_("secretary"), s.items[short]).rating == rating


def test_a_tie_goes_to_the_chair_by_ballot_or_by_word(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "yellow"}, policy=EASY)
    three_each = dict.fromkeys(EVERYBODY[:3], "green") | dict.fromkeys(EVERYBODY[3:6], "red")
    s.vote("one-a", {**three_each, "chair": "abstain", "deputy-chair": "abstain"})
    s.vote("two-a", {**three_each, EVERYBODY[5]: "abstain", "chair": "red"})
    tied = s.items["one-a"]

    with nothing_left(s.session):
        assert refused(NotNow, lambda: decisions.close(s.as_("secretary"), tied)) == [("vote-not-ended", "item")]
    ballots.end_vote(s.as_("secretary"), tied)
    with nothing_left(s.session):
        assert refused(NotNow, lambda: close_item(s.as_("secretary"), tied)) == [("tie-for-the-chair", "casting")]
        for who in ("secretary", "deputy-chair"):
            act = lambda who=who: close_item(s.as_(who), tied, reason="示例", casting=Rating.GREEN)  # noqa: E731
            assert refused(NotNow, act) == [("casting-by-the-chair", "casting")]
    made = [close_item(s.as_("chair"), tied, casting=Rating.GREEN, reason="示例"),
            close_item(s.as_("secretary"), s.items["two-a"], reason="示例")]  # fmt: skip
    assert [row.rating for row in made] == ["green", "red"]
    assert [meeting_views.decision_shape(row)["tied"] for row in made] == [["green", "red"]] * 2


def test_a_lost_quorum_is_told_with_every_reason_and_leaves_nothing(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    leave = ("research-1", "research-2", "industry-1", "enterprise-1")
    s.vote("one-a", {login: "yellow" for login in EVERYBODY if login not in leave})
    s.attend(*leave)

    with nothing_left(s.session):
        assert refused(NotNow, lambda: close_item(s.as_("secretary"), s.items["one-a"])) == [
            ("quorum-missing", "seats"),
            ("sector-missing", "sectors.research"),
        ]
    with nothing_left(s.session):
        assert refused(NotNow, lambda: conflicts.void(s.as_("secretary"), s.items["one-a"], " ")) == [
            ("reason-missing", "reason")
        ]
    conflicts.void(s.as_("secretary"), s.items["one-a"], "示例：到会人数不足，下次再议")
    assert (s.item("one-a").state, s.review("one-a").state) == ("voided", "scored")

    convene(s)  # in a later meeting
    s.vote("one-a", all_for("yellow"))
    assert close_item(s.as_("secretary"), s.items["one-a"]).rating == "yellow"


def test_no_vote_is_called_before_everybody_present_has_declared_and_the_quorum_is_there(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    s.meeting = committee.create(s.as_("secretary"), new_meeting(s)).id
    item = session.scalars(sa.select(MeetingItem.id)).one()
    s.attend("research-1", "research-2", "chair")
    s.declare("industry-1", "secretary")
    ballots.open_items(s.as_("secretary"), s.meeting)

    found = refused(NotNow, lambda: ballots.call_vote(s.as_("secretary"), item))

    silent = ("industry-2", "enterprise-1", "enterprise-2", "deputy-chair")
    assert found == [
        *(("interest-not-declared", f"members.{s.members[login]}") for login in silent),
        ("quorum-missing", "seats"),
        ("sector-missing", "sectors.enterprise"),
        ("sector-missing", "sectors.research"),
        ("sector-missing", "sectors.administration"),
    ]
    assert refused(NotYou, lambda: ballots.call_vote(s.as_("chair"), item)) == [
        ("interest-not-declared", f"items.{item}")
    ]


def test_a_ballot_may_be_replaced_until_the_close_and_each_is_kept(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.vote("one-a", all_for("yellow"))
    item = s.items["one-a"]

    assert ballots.cast(s.as_("industry-1"), item, "abstain") == 2
    assert ballots.cast(s.as_("industry-1"), item, "green") == 3
    made = close_item(s.as_("secretary"), item)

    assert made.tally["votes"] == {"yellow": 7, "green": 1}
    mine = [b for b in meeting_views.ballots(s.as_("auditor"), item) if b["member"] == s.members["industry-1"]]
    assert [(b["number"], b["choice"]) for b in mine] == [(1, "yellow"), (2, "abstain"), (3, "green")]
    assert refused(NotNow, lambda: ballots.cast(s.as_("industry-1"), item, "red")) == [("step-not-open", "item")]


def test_ballots_are_sealed_to_everybody_until_the_close_and_their_event_says_nothing(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.vote("one-a", all_for("green"), reason="示例")
    item = s.items["one-a"]

    for who in ("secretary", "chair", "auditor", "industry-1"):
        assert refused(NotNow, lambda who=who: meeting_views.ballots(s.as_(who), item)) == [  # type: ignore[misc]
            ("ballots-sealed", "ballots")
        ]
    assert {p.event: [r.code for r in p.reasons] for p in meeting_actions.of_item(s.as_("chair"), item)} == {
        "close": ["vote-not-ended"], "void": [],
    }  # fmt: skip
    said = session.execute(sa.select(Event.facts, Event.reason).where(Event.kind == "item.cast")).all()
    assert {(*facts, len(facts["sealed"]), reason) for facts, reason in said} == {("sealed", 64, "")}
    close_item(s.as_("secretary"), item, reason="示例")
    assert len(meeting_views.ballots(s.as_("industry-1"), item)) == 8
    for outsider in ("head-one", "nobody"):
        with pytest.raises(NotFound):
            meeting_views.ballots(s.as_(outsider), item)


def test_neither_the_recused_nor_the_absent_nor_those_without_a_seat_vote(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow", "two-a": "yellow"})
    employ(s, "industry-1", school="one")
    convene(s)
    s.vote("one-a", {})
    s.attend("research-1")
    item = s.items["one-a"]

    assert refused(NotYou, lambda: ballots.cast(s.as_("industry-1"), item, "yellow")) == [("recused", f"items.{item}")]
    assert refused(Invalid, lambda: ballots.cast(s.as_("research-1"), item, "yellow")) == [
        ("not-present", f"members.{s.members['research-1']}")
    ]
    for who in ("secretary", "substitute-industry", "head-one", "nobody", "auditor"):
        with pytest.raises(NotYou):
            ballots.cast(s.as_(who), item, "yellow")
    assert refused(NotNow, lambda: ballots.cast(s.as_("chair"), s.items["two-a"], "red")) == [("step-not-open", "item")]
    assert session.scalar(sa.select(sa.func.count()).select_from(Ballot)) == 0


def test_a_recused_member_leaves_the_base_and_a_substitute_fills_the_seat(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    for login in ("research-1", "research-2"):
        employ(s, login, school="one")
    convene(s)

    assert refused(NotNow, lambda: ballots.call_vote(s.as_("secretary"), s.items["one-a"])) == [
        ("sector-missing", "sectors.research")
    ]
    s.attend(substitutes=[Substitute(s.members["substitute-research"], s.members["research-1"])])
    s.declare("substitute-research")
    six = [login for login in EVERYBODY if not login.startswith("research")]
    s.vote("one-a", dict.fromkeys([*six, "substitute-research"], "yellow"))
    tally = close_item(s.as_("secretary"), s.items["one-a"]).tally
    assert (tally["entitled"], tally["present"], tally["votes"]) == (7, 7, {"yellow": 7})


def test_a_sector_wholly_recused_may_be_waived_by_the_bureau(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    for login in ("research-1", "research-2"):
        employ(s, login, school="one")
    convene(s)
    committee.waive(s.as_("bureau-approver"), s.meeting, "research", "示例：函〔2026〕1号")

    s.vote("one-a", {login: "yellow" for login in EVERYBODY if not login.startswith("research")})

    assert close_item(s.as_("secretary"), s.items["one-a"]).tally["waived"] == ["research"]


def test_the_deputies_act_where_chair_and_secretary_are_recused(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"}, policy=EASY)
    employ(s, "chair", school="one")
    employ(s, "secretary", school="one")
    convene(s)
    s.declare("secretary-2")
    item = s.items["one-a"]
    ballots.open_items(s.as_("secretary-2"), s.meeting, [item])
    ballots.call_vote(s.as_("secretary-2"), item)
    s.vote("one-a", dict.fromkeys(EVERYBODY[:3], "green") | dict.fromkeys(EVERYBODY[3:6], "red"))

    for who in ("chair", "secretary"):
        with nothing_left(s.session):
            assert refused(NotYou, lambda who=who: close_item(s.as_(who), item)) == [  # type: ignore[misc]
                ("recused", f"items.{item}")
            ]
    assert close_item(s.as_("deputy-chair"), item, casting=Rating.RED, reason="示例").rating == "red"


def test_challenges_and_visits_come_before_the_decision(session: Session) -> None:
    s = make_convened(session, {"one-a": "red", "two-a": "green"}, policy=VISITS)
    session.execute(sa.update(Review).values(challenge_due=s.city.now.replace(year=2027)))
    lodged = Challenge(review_id=s.reviews["one-a"], measure="graduates", stated="60", claimed="61", reason="示例",
                       state="open", answer_due=s.city.now, made_at=s.city.now)  # fmt: skip
    session.add(lodged)
    for short, rating in {"one-a": "red", "two-a": "green"}.items():
        s.vote(short, all_for(rating))
        ballots.end_vote(s.as_("secretary"), s.items[short])

    with nothing_left(s.session):
        assert refused(NotNow, lambda: close_item(s.as_("secretary"), s.items["one-a"])) == [
            ("challenge-days-running", "challenges"),
            ("challenge-open", "challenges"),
            ("site-visit-not-reported", "site_visit"),
        ]
        assert refused(NotNow, lambda: close_item(s.as_("secretary"), s.items["two-a"])) == [
            ("challenge-days-running", "challenges")
        ]
    s.city.wait(500)
    lodged.state, lodged.answer = "rejected", "示例：数据属实"
    session.add(SiteVisitReport(review_id=s.reviews["one-a"], visited_on=s.city.now.date(), findings="示例：已现场查看",
                                reported_at=s.city.now))  # fmt: skip
    session.flush()
    assert close_item(s.as_("secretary"), s.items["one-a"]).rating == "red"


def test_an_old_version_is_told_that_it_is_old(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    seen = s.item("one-a").version
    s.vote("one-a", all_for("yellow"))

    with pytest.raises(Changed):
        close_item(s.as_("secretary"), s.items["one-a"], version=seen)


# --- agreed together ---


def test_undisputed_items_are_agreed_together_as_computed(session: Session) -> None:
    ratings = {"one-a": "yellow", "two-a": "green", "city-a": "red", "x1": "unrated"}
    s = make_scored(session, ratings)
    employ(s, "industry-1", school="one")
    convene(s, together=set(ratings) - {"city-a"})
    votes = {s.members[login]: "agree" for login in EVERYBODY} | {s.members["chair"]: "abstain"}

    decided = decisions.agree(s.as_("secretary"), s.meeting, votes)

    assert decided == sorted(s.items[short] for short in ("one-a", "two-a", "x1"))
    assert {short: s.review(short).decided_rating for short in ratings} == {**ratings, "city-a": None}
    tallies = {
        short: session.get_one(Decision, s.review(short).decision_id).tally for short in ("one-a", "two-a", "x1")
    }
    base = {short: (t["entitled"], t["votes"], t["abstentions"], t["together"]) for short, t in tallies.items()}
    assert base == {
        "one-a": (7, {"yellow": 6}, 1, True),
        "two-a": (8, {"green": 7}, 1, True),
        "x1": (8, {"unrated": 7}, 1, True),
    }
    kept = sa.select(sa.func.count()).select_from(Ballot).where(Ballot.item_id == s.items["one-a"])
    assert session.scalar(kept) == 7


def test_an_item_that_one_member_takes_out_is_not_agreed_together(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow", "two-a": "green"}, together={"one-a", "two-a"})
    votes = {s.members[login]: "agree" for login in EVERYBODY}
    ballots.take_out(s.as_("research-2"), s.items["one-a"])

    with nothing_left(s.session):
        both = list(s.items.values())
        assert refused(NotNow, lambda: decisions.agree(s.as_("secretary"), s.meeting, votes, both)) == [
            ("taken-out", f"items.{s.items['one-a']}")
        ]
    assert decisions.agree(s.as_("secretary"), s.meeting, votes) == [s.items["two-a"]]


def test_everything_in_the_way_of_agreeing_is_said_item_by_item(session: Session) -> None:
    ratings = {"one-a": "red", "two-a": "green"}
    s = make_convened(session, ratings, policy=VISITS, together=set(ratings))
    four = {s.members[login]: "agree" for login in EVERYBODY[:4]}
    one, two = s.items["one-a"], s.items["two-a"]

    with nothing_left(s.session):
        assert refused(NotNow, lambda: decisions.agree(s.as_("secretary"), s.meeting, four)) == [
            ("not-agreed", f"items.{one}"),
            ("site-visit-not-reported", f"items.{one} site_visit"),
            ("not-agreed", f"items.{two}"),
        ]
    s.attend("industry-1")
    unknown = {999_999: "agree", s.members["industry-1"]: "agree"}
    assert refused(Invalid, lambda: decisions.agree(s.as_("secretary"), s.meeting, unknown)) == [
        ("not-seated", "members.999999"),
        ("not-present", f"members.{s.members['industry-1']}"),
    ]
    with pytest.raises(NotYou):
        decisions.agree(s.as_("industry-2"), s.meeting, four)


def test_agreeing_on_many_takes_as_many_statements_as_agreeing_on_two(session: Session) -> None:
    counted = []
    for number in (2, 12):
        with session.begin_nested() as inner:
            s = make_scored(session, {f"x{i}": "green" for i in range(number)})
            convene(s, together=set(s.reviews))
            ctx = s.as_("secretary")
            statements: list[object] = []
            votes = {s.members[login]: "agree" for login in EVERYBODY}
            connection = session.connection()

            def note(*args: object, kept: list[object] = statements) -> None:
                kept.append(args[2])

            sa.event.listen(connection, "before_cursor_execute", note)
            assert len(decisions.agree(ctx, s.meeting, votes)) == number
            sa.event.remove(connection, "before_cursor_execute", note)
            counted.append(len(statements))
            inner.rollback()
    assert counted[0] == counted[1]
