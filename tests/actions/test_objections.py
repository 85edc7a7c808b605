"""Objections: who may object and until when, whose name is kept, and that only the contested ones wait."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import (
    Sitting,
    close_item,
    convene,
    decide,
    employ,
    make_publicised,
    nothing_left,
    publicise,
    refused,
    serve,
)
from factories_scored import make_computed
from remembered import remembered
from specialty_eval.actions import objections, publications, ratings, scoring
from specialty_eval.actions.context import SETTLES, Note
from specialty_eval.actions.objections import NewObjection
from specialty_eval.actions.paging import Page
from specialty_eval.engine import publicity, review
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.permissions import Scope
from specialty_eval.store import publications_queries
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Objection, Objector, Publication
from specialty_eval.store.reviews import Figure, ScoreSheet

RATINGS = {"one-a": "yellow", "two-a": "green", "city-a": "red"}
NAME, CONTACT = "示例张三", "示例-0534-0000000"


def about(s: Sitting, short: str, **changes: str) -> NewObjection:
    """A whole objection to this review, with these changes."""
    return NewObjection(s.reviews[short], **{"name": NAME, "contact": CONTACT, "grounds": "示例：人数不实", **changes})


def lodge(s: Sitting, number: int, short: str = "one-a") -> int:
    return objections.lodge(s.city.nobody(), number, about(s, short)).id


def code_of(session: Session, objection: int) -> str:
    """What a sender of mail would send."""
    return session.get_one(Objector, objection, populate_existing=True).confirmation_code


def admitted(s: Sitting, number: int, short: str = "one-a") -> int:
    key = lodge(s, number, short)
    objections.confirm_contact(s.city.nobody(), key, code_of(s.session, key))
    objections.admit(s.as_("secretary"), key)
    return key


def test_anyone_objects_with_a_name_and_a_contact_that_stay_private(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    s.city.now = datetime(2026, 4, 7, 1, 0, tzinfo=UTC)
    session.execute(sa.update(Publication).values(closes_at=datetime(2026, 4, 14, 16, 0, tzinfo=UTC)))
    session.expire_all()

    made = objections.lodge(s.city.nobody(), number, about(s, "one-a", name=f" {NAME} "))

    assert (made.state, made.grounds, made.received_at) == ("received", "示例：人数不实", s.city.now)
    assert made.admissibility_due == datetime(2026, 4, 14, 16, 0, tzinfo=UTC)
    who = objections.contact(s.as_("secretary"), made.id)
    assert (who.name, who.contact) == (NAME, CONTACT)
    assert who.confirmation_code not in who.confirmation_hash
    told = session.execute(sa.select(Event.audience, Event.facts, Event.reason).where(Event.kind.like("objection.%")))
    assert [tuple(row) for row in told] == [("office", {}, "")]


def test_who_objects_signed_in_stands_nowhere_in_the_log(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    made = objections.lodge(s.as_("head-two"), number, about(s, "one-a"))
    objections.confirm_contact(s.as_("head-two"), made.id, code_of(session, made.id))

    told = session.execute(sa.select(Event.actor_person_id, Event.acting_for_id).where(Event.kind.like("objection.%")))
    assert told.all() == [(None, None)] * 2


def test_everything_missing_from_an_objection_is_said_at_once(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)

    with nothing_left(session):
        empty = about(s, "one-a", name=" ", contact="", grounds=" ")
        assert refused(NotNow, lambda: objections.lodge(s.city.nobody(), number, empty)) == [
            ("name-missing", "name"),
            ("contact-missing", "contact"),
            ("grounds-missing", "grounds"),
        ]
        nowhere = NewObjection(999_999, NAME, CONTACT, "示例")
        assert refused(NotFound, lambda: objections.lodge(s.city.nobody(), number, nowhere)) == [
            ("not-found", "review")
        ]
        assert refused(NotFound, lambda: objections.lodge(s.city.nobody(), 999_999, nowhere)) == [
            ("not-found", "publication")
        ]


def test_a_late_objection_is_told_the_way_of_appeal(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    closes_at = session.get_one(Publication, number).closes_at
    assert closes_at is not None
    s.city.now = closes_at - timedelta(microseconds=1)
    lodge(s, number)

    s.city.now = closes_at
    with pytest.raises(NotNow) as caught:
        lodge(s, number)

    assert [(p.code, p.facts["route"]) for p in caught.value.problems] == [("publicity-over", "appeal")]
    with pytest.raises(NotNow, match="publicity-running"):
        publications.close(s.city.clock(), number)  # what arrived in time may still be on its way in
    s.city.now = closes_at + timedelta(seconds=1)
    with pytest.raises(NotNow, match="publicity-running"):
        ratings.confirm(s.as_("bureau-approver"), number, "示例评〔2026〕1号")
    s.city.now = closes_at + SETTLES
    publications.close(s.city.clock(), number)
    with pytest.raises(NotNow):
        lodge(s, number)


def test_a_list_that_is_not_out_cannot_be_objected_to_nor_found(session: Session) -> None:
    s, number = make_publicised(session, {"one-a": "yellow"})
    upheld = admitted(s, number)
    objections.uphold(s.as_("bureau-approver"), upheld, "示例：属实", evidence_was_wrong=False)
    serve(decide(s))
    draft = publications.draft(s.as_("secretary"), s.round_id)

    with pytest.raises(NotFound):
        objections.lodge(s.city.nobody(), draft.id, about(s, "one-a"))


def test_the_contact_is_confirmed_by_the_code_that_was_sent_there_and_the_code_is_forgotten(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    key = lodge(s, number)
    code = code_of(session, key)

    with nothing_left(session):
        for wrong in (key, 999_999):
            act = lambda wrong=wrong: objections.confirm_contact(s.city.nobody(), wrong, code + "x")  # noqa: E731
            assert refused(Invalid, act) == [("confirmation-code-wrong", "code")]
        assert refused(NotNow, lambda: objections.admit(s.as_("secretary"), key)) == [("step-not-open", "objection")]
    assert objections.confirm_contact(s.city.nobody(), key, code).state == "contact_confirmed"
    assert code_of(session, key) == ""
    assert refused(NotNow, lambda: objections.confirm_contact(s.city.nobody(), key, code)) == [
        ("step-not-open", "objection")
    ]


def test_names_are_for_the_secretary_and_the_approver_alone(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    key = lodge(s, number)

    assert {objections.contact(s.as_(who), key).name for who in ("secretary", "bureau-approver")} == {NAME}
    for who in ("bureau-verifier", "auditor", "industry-1", "chair"):
        assert objections.read(s.as_(who), key).grounds == "示例：人数不实"
        with pytest.raises(NotFound):
            objections.contact(s.as_(who), key)
    for who in ("head-one", "county-one", "nobody"):
        with pytest.raises(NotFound):
            objections.read(s.as_(who), key)
        with pytest.raises(NotFound):
            objections.of_publication(s.as_(who), number, Page(50))


def test_whoever_works_for_the_school_judges_no_objection_there(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    key = lodge(s, number)
    objections.confirm_contact(s.city.nobody(), key, code_of(session, key))
    employ(s, "secretary", school="one")

    with pytest.raises(NotFound):
        objections.read(s.as_("secretary"), key)
    assert objections.of_publication(s.as_("secretary"), number, Page(50)) == ([], None)
    with pytest.raises(NotFound):
        objections.admit(s.as_("secretary"), key)
    assert objections.admit(s.as_("secretary-2"), key).state == "admitted"


def test_an_admitted_objection_has_its_days_and_shows_when_an_office_is_late(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    key = lodge(s, number)
    row = objections.read(s.as_("secretary"), key)
    assert not objections.is_overdue(s.as_("secretary"), row)
    s.city.now = row.admissibility_due
    assert objections.is_overdue(s.as_("secretary"), row)
    objections.confirm_contact(s.city.nobody(), key, code_of(session, key))

    s.city.now = datetime(2026, 4, 13, 1, 0, tzinfo=UTC)  # fifteen working days, 1 to 5 May are off
    row = objections.admit(s.as_("bureau-approver"), key)

    assert row.answer_due == datetime(2026, 5, 7, 16, 0, tzinfo=UTC)
    assert not objections.is_overdue(s.as_("secretary"), row)
    s.city.now = row.answer_due
    assert objections.is_overdue(s.as_("secretary"), row)
    objections.reject(s.as_("secretary"), key, "示例：数据属实")
    assert not objections.is_overdue(s.as_("secretary"), row)


def test_each_answer_is_in_words_and_only_the_bureau_gives_it(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    waiting, heard = lodge(s, number), admitted(s, number)
    secretary = s.as_("secretary")

    with nothing_left(session):
        assert refused(NotNow, lambda: objections.rule_out(secretary, waiting, " ")) == [("answer-missing", "answer")]
        assert refused(NotNow, lambda: objections.reject(secretary, heard, "")) == [("answer-missing", "answer")]
        act = lambda: objections.uphold(secretary, heard, "", evidence_was_wrong=True)  # noqa: E731
        assert refused(NotNow, act) == [("answer-missing", "answer")]
        for who in ("chair", "auditor", "bureau-verifier"):
            with pytest.raises((NotYou, NotFound)):
                objections.reject(s.as_(who), heard, "示例")
        with pytest.raises(Changed):
            objections.reject(secretary, heard, "示例", version=99)
        with pytest.raises(NotFound):
            objections.reject(secretary, 999_999, "示例")
    assert objections.rule_out(secretary, waiting, "示例：匿名举报").state == "inadmissible"
    assert objections.reject(secretary, heard, "示例：数据属实").answer == "示例：数据属实"
    assert s.review("one-a").state == "publicised"


@pytest.mark.parametrize(("evidence_was_wrong", "state"), [(True, "verified"), (False, "scored")])
def test_an_upheld_objection_sends_its_review_back_and_the_others_go_on(
    session: Session, evidence_was_wrong: bool, state: str
) -> None:
    s, number = make_publicised(session, RATINGS)
    key = admitted(s, number)

    row = objections.uphold(s.as_("secretary"), key, "示例：属实", evidence_was_wrong=evidence_was_wrong)

    back = s.review("one-a")
    assert (row.state, back.state, back.decision_id, back.decided_rating, back.served_at) == (
        "upheld", state, None, None, None,
    )  # fmt: skip
    assert {s.review(short).state for short in ("two-a", "city-a")} == {"publicised"}


@remembered
def publicised_with(session: Session, /, **employed: str) -> tuple[Sitting, int]:
    """A round scored by its own run, its list in publicity; an objection to "one-a" is admitted: its number."""
    s = make_computed(session, {short.replace("_", "-"): number for short, number in employed.items()})
    return s, admitted(s, publicise(serve(decide(s))))


def test_a_school_figure_found_wrong_is_set_right_with_the_objection_and_scored_anew(session: Session) -> None:
    s, key = publicised_with(session, one_a="90", two_a="80")

    objections.uphold(s.as_("secretary"), key, "示例：属实", evidence_was_wrong=True, corrections={"employed": " 40 "})
    scoring.rescore(s.as_("secretary"), s.reviews["one-a"])

    kept = session.execute(
        sa.select(Figure.value, Figure.supplier, Figure.source).where(
            Figure.specialty_id == s.city.specialties["one-a"], Figure.measure == "employed",
            Figure.superseded_at.is_(None),
        )
    ).one()  # fmt: skip
    assert tuple(kept) == ("40", "school", f"objection {key}")
    sheet = session.get_one(ScoreSheet, s.review("one-a").sheet_id)
    assert [i["value"] for i in sheet.indicators if i["code"] == "rate"] == ["40.00"]


def test_what_an_objection_cannot_set_right_is_said_at_once_and_nothing_is_left(session: Session) -> None:
    s, key = publicised_with(session, one_a="90")
    secretary = s.as_("secretary")

    def uphold(corrections: dict[str, str], *, evidence_was_wrong: bool = True) -> list[tuple[str, str]]:
        return refused(Invalid, lambda: objections.uphold(
            secretary, key, "示例", evidence_was_wrong=evidence_was_wrong, corrections=corrections))  # fmt: skip

    with nothing_left(session):
        assert uphold({"quality": "90", "unheard": "1", "employed": "x"}) == [
            ("measure-unknown", "corrections.unheard"),
            ("measure-not-corrected", "corrections.quality"),
            ("not-a-number", "measures.employed"),
        ]
        assert uphold({"employed": "150"}) == [("check-failed", "checks.employed-within-graduates")]
        assert uphold({"employed": "40"}, evidence_was_wrong=False) == [("corrections-are-scored-anew", "corrections")]


def test_nobody_confirms_a_named_review_before_an_objection_to_it_was_let_in_or_not(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    closes = session.get_one(Publication, number).closes_at
    assert closes is not None
    s.city.now = closes - timedelta(hours=1)
    key = lodge(s, number)
    objections.confirm_contact(s.city.nobody(), key, code_of(session, key))
    s.city.now = closes + timedelta(hours=1)

    def confirm(*shorts: str) -> ratings.Confirmation:
        reviews = [s.reviews[short] for short in shorts]
        return ratings.confirm(s.as_("bureau-approver"), number, "示例〔2026〕1号", reviews)

    with nothing_left(session):
        assert refused(NotNow, lambda: confirm("one-a", "two-a")) == [
            ("objection-not-admitted-yet", f"review {s.reviews['one-a']} objections")
        ]
    assert confirm("two-a").confirmed == (s.reviews["two-a"],)
    s.city.now = session.get_one(Objection, key).admissibility_due + timedelta(days=30)
    with nothing_left(session):  # the office's silence takes nothing from whoever objected
        assert refused(NotNow, lambda: confirm("one-a")) == [
            ("objection-not-admitted-yet", f"review {s.reviews['one-a']} objections")
        ]
    objections.rule_out(s.as_("bureau-approver"), key, "示例：与本结果无关")
    assert confirm("one-a").confirmed == (s.reviews["one-a"],)


def test_an_objection_whose_contact_nobody_confirmed_holds_its_review_until_its_day_or_its_answer(
    session: Session,
) -> None:
    s, number = make_publicised(session, RATINGS)
    closes = session.get_one(Publication, number).closes_at
    assert closes is not None
    s.city.now = closes - timedelta(hours=1)
    one, two = lodge(s, number), lodge(s, number, "two-a")
    due = session.get_one(Objection, one).admissibility_due

    s.city.now = due - timedelta(seconds=1)
    waits = ratings.confirm(s.as_("bureau-approver"), number, "示例〔2026〕1号").contested
    assert {key: problem.code for key, problem in waits.items()} == dict.fromkeys(
        (s.reviews["one-a"], s.reviews["two-a"]), "objection-not-admitted-yet"
    )
    objections.rule_out(s.as_("secretary"), two, "示例：联系不上")
    named = [s.reviews["two-a"]]
    assert ratings.confirm(s.as_("bureau-approver"), number, "示例〔2026〕1号", named).confirmed == tuple(named)
    s.city.now = due
    found = ratings.confirm(s.as_("bureau-approver"), number, "示例〔2026〕1号")
    assert s.reviews["one-a"] in found.confirmed


def test_an_objection_cannot_be_heard_once_its_rating_is_confirmed(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    key = lodge(s, number)
    objections.confirm_contact(s.city.nobody(), key, code_of(session, key))
    confirmed = review.Facts(publicity_over=True, document_number="示例〔2026〕1号", basis=review.SheetBasis((), ()))
    s.as_("bureau-approver").advance(
        review.WORKFLOW, s.review("one-a"), review.Event.CONFIRM, confirmed, Scope(city="371400"),
        changes={"document_number": "示例〔2026〕1号", "confirmed_at": s.city.now,
                 "appeal_due": s.city.now + timedelta(days=60)},
    )  # fmt: skip

    with nothing_left(session), pytest.raises(NotNow) as caught:
        objections.admit(s.as_("secretary"), key)
    assert [(p.code, p.facts["route"]) for p in caught.value.problems] == [("review-not-publicised", "appeal")]
    assert objections.rule_out(s.as_("secretary"), key, "示例：请走申诉").state == "inadmissible"


def test_a_second_publicity_hears_only_what_changed(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    for short in ("one-a", "two-a"):
        objections.uphold(s.as_("secretary"), admitted(s, number, short), "示例：属实", evidence_was_wrong=False)
    convene(s, reviews=[s.reviews["one-a"], s.reviews["two-a"]])
    for login in set(s.members) - {"substitute-industry", "substitute-research"}:
        s.vote("one-a", {login: "red"})
        s.vote("two-a", {login: "green"})
    for short in ("one-a", "two-a"):
        close_item(s.as_("secretary"), s.items[short], reason="示例：证据不足")
    second = publicise(serve(s))

    assert objections.lodge(s.city.nobody(), second, about(s, "one-a")).state == "received"
    assert refused(NotNow, lambda: objections.lodge(s.city.nobody(), second, about(s, "two-a"))) == [
        ("heard-before", "grounds")
    ]


def test_a_second_publicity_hears_another_computation_and_whom_the_first_was_cut_short_for(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    first, short = session.get_one(Publication, number), s.reviews["two-a"]
    entry = publications_queries.entry_of(session, first, short)
    assert entry is not None
    assert entry.line is not None
    computed = [*entry.line[:5], "yellow", *entry.line[6:]]
    now = publicity.Told(entry.rating, tuple(entry.reasons), entry.line)
    decided_again = [*entry.line[:4], 0, *entry.line[5:]]
    assert [publicity.is_another(replace(now, line=line), now) for line in (computed, decided_again, None)] == [
        True, False, False,
    ]  # fmt: skip
    s.city.wait(1)
    second = Publication(id=0, opened_at=s.city.now)
    assert publications_queries.heard_before(session, second, short) is not None
    s.city.clock().record("review.void_decision", s.review("two-a"), Note(round_id=s.round_id))
    assert publications_queries.heard_before(session, second, short) is None


def test_what_a_caller_may_do_comes_from_the_same_table(session: Session) -> None:
    s, number = make_publicised(session, RATINGS)
    key = admitted(s, number)
    row = session.get_one(Objection, key)

    assert [p.event for p in objections.possible(s.as_("secretary"), row)] == ["uphold", "reject"]
    assert objections.possible(s.as_("auditor"), row) == []
