"""Preview, service and publication: the school first, two people for one list, and nothing out that went stale."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import (
    close_item,
    convene,
    decide,
    employ,
    make_decided,
    make_publicised,
    make_scored,
    make_served,
    nothing_left,
    publicise,
    refused,
    serve,
)
from specialty_eval.actions import conflicts, previews, publication_views, publications
from specialty_eval.actions.context import SETTLES
from specialty_eval.actions.paging import Page
from specialty_eval.engine import review
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.permissions import Scope
from specialty_eval.store.cycles import Round
from specialty_eval.store.deliberation import Decision
from specialty_eval.store.ledger import Event, EventSeal
from specialty_eval.store.outcomes import Publication, PublicationEntry
from specialty_eval.store.reviews import Review

RATINGS = {"one-a": "yellow", "two-a": "green", "city-a": "red"}


def test_a_preview_moves_what_is_decided_and_tells_its_schools_alone(session: Session) -> None:
    s = make_decided(session, RATINGS)

    assert sorted(previews.preview(s.as_("secretary"), s.round_id)) == sorted(s.reviews.values())

    assert {s.review(short).state for short in RATINGS} == {"previewed"}
    told = session.execute(sa.select(Event.audience, Event.facts).where(Event.kind == "review.preview")).all()
    assert [tuple(row) for row in told] == [("school", {})] * 3


def test_a_preview_is_all_or_nothing_and_the_secretarys(session: Session) -> None:
    s = make_scored(session, RATINGS)
    convene(s)
    ids = list(s.reviews.values())

    with nothing_left(session):
        with pytest.raises(NotNow) as caught:
            previews.preview(s.as_("secretary"), s.round_id, ids)
        assert [p.code for p in caught.value.problems] == ["step-not-open"] * 3
        for who in ("chair", "bureau-approver", "head-one", "nobody"):
            with pytest.raises(NotYou):
                previews.preview(s.as_(who), s.round_id, ids)
        assert refused(NotFound, lambda: previews.preview(s.as_("secretary"), s.round_id, [999_999])) == [
            ("not-found", "reviews.999999")
        ]
    assert previews.preview(s.as_("secretary"), s.round_id) == []


def test_a_recused_secretary_previews_the_others_and_the_deputy_the_rest(session: Session) -> None:
    s = make_decided(session, RATINGS)
    employ(s, "secretary", school="two")
    theirs = s.reviews["two-a"]

    assert refused(NotYou, lambda: previews.preview(s.as_("secretary"), s.round_id, [theirs])) == [
        ("recused", f"reviews.{theirs}")
    ]
    assert set(previews.preview(s.as_("secretary"), s.round_id)) == set(s.reviews.values()) - {theirs}
    assert previews.preview(s.as_("secretary-2"), s.round_id) == [theirs]


def test_a_school_is_served_when_it_opens_its_decision_and_sees_it_before_nobody_else(session: Session) -> None:
    s = make_decided(session, RATINGS)
    mine = s.reviews["one-a"]
    assert refused(NotNow, lambda: previews.acknowledge(s.as_("head-one"), mine)) == [("step-not-open", "review")]
    previews.preview(s.as_("secretary"), s.round_id)

    assert refused(NotNow, lambda: previews.decision_view(s.as_("head-one"), mine)) == [("not-acknowledged", "review")]
    shown = previews.acknowledge(s.as_("editor-one"), mine)
    first = s.city.now
    s.city.wait(1)
    previews.acknowledge(s.as_("head-one"), mine)

    assert (shown["rating"], shown["label"], shown["served_at"]) == ("yellow", {"zh": "黄牌"}, first)
    assert shown["reasons"] == [{"code": "middle", "label": {"zh": "总分60至80"}}]
    assert s.review("one-a").served_at == first
    assert session.scalar(sa.select(sa.func.count()).where(Event.kind == "review.acknowledge")) == 1
    for who in ("head-two", "county-one", "nobody", "industry-1"):
        with pytest.raises(NotFound):
            previews.acknowledge(s.as_(who), mine)
        with pytest.raises(NotFound):
            previews.decision_view(s.as_(who), mine)


def test_offices_read_a_decision_once_it_is_made_unless_they_are_recused(session: Session) -> None:
    s = make_scored(session, RATINGS)
    assert refused(NotNow, lambda: previews.decision_view(s.as_("secretary"), s.reviews["one-a"])) == [
        ("not-decided", "review")
    ]
    decide(s)
    assert previews.decision_view(s.as_("secretary"), s.reviews["one-a"])["rating"] == "yellow"
    employ(s, "auditor", school="one")
    assert refused(NotYou, lambda: previews.decision_view(s.as_("auditor"), s.reviews["one-a"])) == [
        ("recused", "review")
    ]


def test_a_decision_nobody_opens_is_served_after_the_policys_days_without_any_job(session: Session) -> None:
    s = make_decided(session, RATINGS)
    s.city.now = datetime(2026, 3, 23, 2, 0, tzinfo=UTC)  # a Monday; five working days end with the next Monday
    previews.preview(s.as_("secretary"), s.round_id)
    previews.acknowledge(s.as_("head-one"), s.reviews["one-a"])
    made = publications.draft(s.as_("secretary"), s.round_id)
    publications.approve(s.as_("bureau-approver"), made.id, made.digest)

    s.city.now = datetime(2026, 3, 30, 15, 59, tzinfo=UTC)  # 23:59 in Dezhou
    with nothing_left(session):
        unserved = refused(NotNow, lambda: publications.open_publicity(s.as_("secretary"), made.id))
    assert unserved == [
        *(("school-not-served", f"reviews.{key}") for key in sorted((s.reviews["two-a"], s.reviews["city-a"]))),
        ("preview-running", f"reviews.{s.reviews['one-a']}"),
    ]
    s.city.now += timedelta(minutes=1)
    assert previews.decision_view(s.as_("head-two"), s.reviews["two-a"])["served_at"] == s.city.now


def test_each_school_has_the_decision_to_itself_for_the_days_from_its_own_service(session: Session) -> None:
    """Opened on the 23rd, to the 30th; opened on the 26th, to the 2nd; never opened, served on the 30th, to the 7th."""
    s = make_decided(session, RATINGS)
    s.city.now = datetime(2026, 3, 23, 2, 0, tzinfo=UTC)
    previews.preview(s.as_("secretary"), s.round_id)
    mine, city, two = (s.reviews[short] for short in ("one-a", "city-a", "two-a"))
    until = previews.acknowledge(s.as_("head-one"), mine)["preview_until"]
    assert until == datetime(2026, 3, 30, 16, 0, tzinfo=UTC)
    s.city.wait(3)
    previews.acknowledge(s.as_("head-city"), city)
    told = s.session.scalars(sa.select(Event).where(Event.kind == "review.acknowledge").order_by(Event.seq))
    assert [event.facts for event in told] == [{"preview_until": "2026-03-30"}, {"preview_until": "2026-04-02"}]
    made = publications.draft(s.as_("secretary"), s.round_id)
    publications.approve(s.as_("bureau-approver"), made.id, made.digest)

    def waits_for() -> list[tuple[str, str, object]]:
        with nothing_left(session), pytest.raises(NotNow) as refusal:
            publications.open_publicity(s.as_("secretary"), made.id)
        offered = {step.event: step.reasons for step in publications.possible(s.as_("secretary"), made)}
        assert offered["open"] == refusal.value.problems
        return [(p.code, p.where, p.facts.get("due")) for p in refusal.value.problems]

    def line(key: int, due: str) -> tuple[str, str, object]:
        return ("preview-running", f"reviews.{key}", due)

    never = ("school-not-served", f"reviews.{two}", None)
    assert waits_for() == [never, *sorted([line(mine, "2026-03-30"), line(city, "2026-04-02")])]
    s.city.now = datetime(2026, 3, 30, 16, 0, tzinfo=UTC)
    assert waits_for() == sorted([line(city, "2026-04-02"), line(two, "2026-04-07")])
    previews.acknowledge(s.as_("head-two"), two)  # served before: the days are not given twice
    s.city.now = datetime(2026, 4, 7, 15, 59, tzinfo=UTC)
    assert waits_for() == [line(two, "2026-04-07")]
    s.city.now += timedelta(minutes=1)
    assert publications.open_publicity(s.as_("secretary"), made.id).state == "in_publicity"
    assert previews.decision_view(s.as_("head-one"), mine)["preview_until"] is None


def test_a_list_is_frozen_with_its_counts_and_digest(session: Session) -> None:
    s = make_served(session, {**RATINGS, "x1": "green"})

    made = publications.draft(s.as_("secretary"), s.round_id)

    assert (made.number, made.edition, made.state) == (1, 1, "drafted")
    assert made.counts == {"total": 4, "green": 2, "red": 1, "yellow": 1}
    entries = session.scalars(sa.select(PublicationEntry).where(PublicationEntry.publication_id == made.id)).all()
    assert {e.review_id: (e.rating, e.reasons) for e in entries} == {
        s.reviews["one-a"]: ("yellow", ["middle"]),
        s.reviews["two-a"]: ("green", ["high"]),
        s.reviews["city-a"]: ("red", ["low"]),
        s.reviews["x1"]: ("green", ["high"]),
    }
    assert len(made.digest) == 64


def test_what_cannot_be_on_a_list_is_said_at_once(session: Session) -> None:
    s = make_decided(session, RATINGS)
    one, two = s.reviews["one-a"], s.reviews["two-a"]
    previews.preview(s.as_("secretary"), s.round_id, [two])
    first = publications.draft(s.as_("secretary"), s.round_id)

    with nothing_left(session):
        assert refused(Invalid, lambda: publications.draft(s.as_("secretary-2"), s.round_id, [one, two, 999_999])) == [
            ("review-not-previewed", f"reviews.{one}"),
            ("on-another-list", f"reviews.{two}"),
            ("not-found", "reviews.999999"),
        ]
        assert refused(Invalid, lambda: publications.draft(s.as_("secretary"), s.round_id)) == [
            ("list-empty", "entries")
        ]
        for who in ("chair", "head-one", "nobody", "auditor"):
            with pytest.raises(NotYou):
                publications.draft(s.as_(who), s.round_id, [one])
    assert first.counts == {"total": 1, "green": 1}


def test_the_second_person_is_another_and_approves_the_very_same_list(session: Session) -> None:
    s = make_served(session, RATINGS)
    made = publications.draft(s.as_("secretary"), s.round_id)

    with nothing_left(session):
        assert refused(NotNow, lambda: publications.approve(s.as_("secretary"), made.id, made.digest)) == [
            ("second-person-missing", ""),
            ("two-roles-missing", ""),
        ]
        assert refused(NotNow, lambda: publications.approve(s.as_("bureau-approver"), made.id, "0" * 64)) == [
            ("list-changed", "digest")
        ]
        with pytest.raises(Changed):
            publications.approve(s.as_("bureau-approver"), made.id, made.digest, version=99)
        for who in ("chair", "head-one", "nobody"):
            with pytest.raises(NotFound):
                publications.approve(s.as_(who), made.id, made.digest)
        with pytest.raises(NotYou):
            publications.approve(s.as_("auditor"), made.id, made.digest)
        assert refused(NotNow, lambda: publications.open_publicity(s.as_("secretary"), made.id)) == [
            ("step-not-open", "publication")
        ]
    row = publications.approve(s.as_("bureau-approver"), made.id, made.digest)
    assert (row.state, row.approved_by) == ("approved", s.city.people["bureau-approver"])


def test_two_secretaries_are_not_the_two_people_that_the_policy_names(session: Session) -> None:
    s = make_served(session, RATINGS)
    made = publications.draft(s.as_("secretary"), s.round_id)

    with nothing_left(session):
        assert refused(NotNow, lambda: publications.approve(s.as_("secretary-2"), made.id, made.digest)) == [
            ("two-roles-missing", "")
        ]
    assert [a.event for a in publications.possible(s.as_("secretary-2"), made) if a.reasons] == ["approve"]
    assert publications.approve(s.as_("bureau-approver"), made.id, made.digest).state == "approved"


def test_whichever_of_the_two_drafts_the_other_approves(session: Session) -> None:
    s = make_served(session, RATINGS)
    made = publications.draft(s.as_("bureau-approver"), s.round_id)

    assert refused(NotNow, lambda: publications.approve(s.as_("approver-2"), made.id, made.digest)) == [
        ("two-roles-missing", "")
    ]
    assert publications.approve(s.as_("secretary-2"), made.id, made.digest).state == "approved"


def test_a_list_goes_out_with_its_reviews_its_days_its_seal_and_its_round(session: Session) -> None:
    session.add(EventSeal(through=1, count=1, previous="", head="a" * 64, sealed_at=datetime(2026, 1, 1, tzinfo=UTC)))
    s = make_served(session, RATINGS)
    s.city.now = datetime(2026, 4, 7, 1, 0, tzinfo=UTC)  # a Tuesday: five working days are over on the next one

    row = publications.read(s.city.nobody(), publicise(s))

    assert (row.state, row.opened_at, row.closes_at) == (
        "in_publicity",
        s.city.now,
        datetime(2026, 4, 14, 16, 0, tzinfo=UTC),
    )
    assert row.seal_head == "a" * 64
    assert {s.review(short).state for short in RATINGS} == {"publicised"}
    assert session.get_one(Round, s.round_id, populate_existing=True).state == "publicised"


def test_the_public_reads_ratings_and_reasons_in_the_policys_words_and_no_figure(session: Session) -> None:
    s = make_scored(session, RATINGS)
    convene(s)
    s.vote("one-a", dict.fromkeys(s.members.keys() - {"substitute-industry", "substitute-research"}, "green"),
           reason="示例：委员自己的话")  # fmt: skip
    close_item(s.as_("secretary"), s.items["one-a"], reason="示例：新建实训基地")
    serve(s)
    number = publicise(s)

    row = publications.read(s.city.nobody(), number)
    entries, cursor = publication_views.entries(s.city.nobody(), row, Page(50))

    assert cursor is None
    assert entries == [
        {
            "review_id": s.reviews["one-a"], "code": s.city.codes["one-a"], "specialty": "计算机应用",
            "school": "示例职业学校one", "county": "371402", "level": "secondary", "class": "71",
            "class_name": "电子与信息大类", "rating": "green", "label": {"zh": "绿牌"},
            "reasons": [{"code": "middle", "label": {"zh": "总分60至80"}}],
            "by_decision": True, "computed": "yellow", "decision_reason": "示例：新建实训基地",
        }
    ]  # fmt: skip
    assert publications.possible(s.city.nobody(), row) == []


def test_nobody_outside_reads_a_list_before_it_is_out(session: Session) -> None:
    s = make_served(session, RATINGS)
    made = publications.draft(s.as_("secretary"), s.round_id)

    assert publications.read(s.as_("auditor"), made.id).id == made.id
    for ctx in (s.city.nobody(), s.as_("head-one"), s.as_("chair")):
        with pytest.raises(NotFound):
            publications.read(ctx, made.id)
        assert publications.of_round(ctx, s.round_id) == []
    assert [p.id for p in publications.of_round(s.as_("secretary"), s.round_id)] == [made.id]


def test_a_recused_secretary_neither_sees_nor_touches_a_list_with_that_review(session: Session) -> None:
    s = make_served(session, RATINGS)
    made = publications.draft(s.as_("secretary"), s.round_id)
    employ(s, "secretary-2", school="two")
    employ(s, "approver-2", school="two")

    assert refused(NotYou, lambda: publications.read(s.as_("secretary-2"), made.id)) == [("recused", "publication")]
    with nothing_left(session):
        assert refused(NotYou, lambda: publications.approve(s.as_("approver-2"), made.id, made.digest)) == [
            ("recused", f"reviews.{s.reviews['two-a']}")
        ]


def test_a_list_that_went_stale_goes_nowhere_until_it_is_frozen_anew(session: Session) -> None:
    s = make_served(session, RATINGS)
    made = publications.draft(s.as_("secretary"), s.round_id)
    publications.approve(s.as_("bureau-approver"), made.id, made.digest)
    gone, first = s.reviews["two-a"], made.digest
    s.as_("secretary").advance(
        review.WORKFLOW, s.review("two-a"), review.Event.EXEMPT, review.Facts(reason="示例"), Scope(city="371400")
    )

    with nothing_left(session):
        assert refused(NotNow, lambda: publications.open_publicity(s.as_("secretary"), made.id)) == [
            ("entry-stale", f"reviews.{gone}")
        ]
        assert refused(NotNow, lambda: publications.redraft(s.as_("secretary"), made.id, "")) == [
            ("reason-missing", "reason")
        ]
        with pytest.raises(NotYou):
            publications.redraft(s.as_("bureau-approver"), made.id, "示例")
    again = publications.redraft(s.as_("secretary-2"), made.id, "示例：一项已免评")

    assert (again.edition, again.state, again.approved_by, again.counts["total"]) == (2, "drafted", None, 2)
    assert again.digest != first
    kept = sa.select(PublicationEntry.edition, sa.func.count()).group_by(PublicationEntry.edition)
    assert {edition: number for edition, number in session.execute(kept)} == {1: 3, 2: 2}  # noqa: C416 -- a Row is no tuple to dict()
    publications.approve(s.as_("bureau-approver"), made.id, again.digest)
    assert publications.open_publicity(s.as_("secretary-2"), made.id).state == "in_publicity"


def test_a_review_whose_vote_was_void_comes_on_no_list(session: Session) -> None:
    s = make_decided(session, {"one-a": "yellow"})
    serve(s)
    for login in ("industry-1", "industry-2", "enterprise-1", "enterprise-2"):
        conflicts.conflict(s.as_("secretary"), s.items["one-a"], s.members[login], "示例：亲属任教")

    assert s.item("one-a").state == "voided"
    mine = s.reviews["one-a"]
    assert refused(Invalid, lambda: publications.draft(s.as_("bureau-approver"), s.round_id, [mine])) == [
        ("review-not-previewed", f"reviews.{mine}")
    ]


def test_a_list_closes_when_its_days_are_over_and_not_a_second_earlier(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    closes_at = session.get_one(Publication, number).closes_at
    assert closes_at is not None

    s.city.now = closes_at + SETTLES - timedelta(seconds=1)
    with nothing_left(session):
        assert refused(NotNow, lambda: publications.close(s.city.clock(), number)) == [("publicity-running", "")]
    s.city.now = closes_at + SETTLES
    with pytest.raises(NotYou):
        publications.close(s.as_("bureau-approver"), number)
    assert publications.close(s.city.clock(), number).state == "closed"
    assert {s.review(short).state for short in RATINGS} == {"publicised"}


def test_an_erratum_is_public_and_changes_no_state(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    before = session.get_one(Publication, number).version

    made = publications.erratum(s.as_("secretary"), number, "示例：学校名称应为示例职业学校二", s.reviews["two-a"])

    row = publications.read(s.city.nobody(), number)
    assert (row.state, row.version) == ("in_publicity", before)
    assert [(e["id"], e["text"]) for e in publication_views.errata(s.city.nobody(), row)] == [
        (made.id, "示例：学校名称应为示例职业学校二")
    ]
    assert refused(Invalid, lambda: publications.erratum(s.as_("secretary"), number, " ", 999_999)) == [
        ("erratum-empty", "text"),
        ("not-on-the-list", "reviews.999999"),
    ]
    with pytest.raises(NotYou):
        publications.erratum(s.as_("head-one"), number, "示例")


def test_a_long_list_takes_as_many_statements_as_two(session: Session) -> None:
    counted = []
    for number in (2, 2, 9):  # at first a process may have to read the policy, which it keeps
        with session.begin_nested() as inner:
            s = make_served(session, {f"x{i}": "green" for i in range(number)})
            ctx, other = s.as_("secretary"), s.as_("bureau-approver")
            session.expunge_all()  # what making the world looked up a request looks up again
            session.info.clear()
            statements: list[object] = []
            connection = session.connection()

            def note(*args: object, kept: list[object] = statements) -> None:
                kept.append(args[2])

            sa.event.listen(connection, "before_cursor_execute", note)
            made = publications.draft(ctx, s.round_id)
            publications.approve(other, made.id, made.digest)
            publications.open_publicity(ctx, made.id)
            sa.event.remove(connection, "before_cursor_execute", note)
            counted.append(len(statements))
            inner.rollback()
    assert counted[1] == counted[2]


def test_half_made_lists_are_impossible_in_the_database_itself(session: Session) -> None:
    s = make_served(session, RATINGS)
    made = publications.draft(s.as_("secretary"), s.round_id)

    for half in (
        sa.update(Publication).where(Publication.id == made.id).values(approved_by=made.drafted_by),
        sa.update(Publication).where(Publication.id == made.id).values(state="approved"),
        sa.update(PublicationEntry).where(PublicationEntry.publication_id == made.id).values(rating="green"),
        sa.update(Decision).values(rating="green", reason="示例"),
        sa.update(Review).where(Review.id == s.reviews["one-a"]).values(decision_id=None),
    ):
        with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
            session.execute(half)
