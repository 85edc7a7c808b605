"""Two people acting at the same moment, over connections of their own: one wins, the other is told why not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import CITY
from factories_deliberation import (
    REGULAR,
    VISITS,
    Sitting,
    convene,
    make_convened,
    make_publicised,
    make_scored,
    make_served,
    new_meeting,
)
from racing import at_once, both_at_once
from specialty_eval.actions import ballots, committee, decisions, objections, publications, site_visits
from specialty_eval.actions.site_visits import Said
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.meeting import ITEM, ItemEvent, ItemFacts
from specialty_eval.engine.permissions import Scope
from specialty_eval.store import ballot_box, bulk
from specialty_eval.store.base import make_engine
from specialty_eval.store.deliberation import Ballot, Decision, MeetingItem
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import Objector, Publication
from specialty_eval.store.reviews import Review

EVERYBODY = [login for login, _ in REGULAR]


@pytest.fixture
def engine(fresh_database: str) -> Iterator[sa.Engine]:
    made = make_engine(fresh_database, pool_size=8)
    yield made
    made.dispose()


def test_two_secretaries_close_the_same_item_and_one_decision_is_made(engine: sa.Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        s = make_convened(session, {f"x{i}": "yellow" for i in range(6)})
        s.declare("secretary-2")
        for short in s.reviews:
            s.vote(short, dict.fromkeys(EVERYBODY, "yellow"))
        both = (s.as_("secretary"), s.as_("secretary-2"))
        for item in s.items.values():
            ballots.end_vote(both[0], item)
        session.commit()

        for item in s.items.values():
            said = at_once(engine, *((ctx, partial(decisions.close, item_id=item)) for ctx in both))
            assert sorted(said) == ["done", "step-not-open"]

        counts = [session.scalar(sa.select(sa.func.count()).select_from(Decision))]
        for kind in ("item.close", "review.decide"):
            counts.append(session.scalar(sa.select(sa.func.count()).where(Event.kind == kind)))
        assert counts == [6, 6, 6]
        assert set(session.scalars(sa.select(Review.version))) == {7}


TIMES = 200


def test_two_secretaries_decide_the_same_item_two_hundred_times_and_one_decision_is_made_each_time(
    engine: sa.Engine,
) -> None:
    with Session(engine, expire_on_commit=False) as session:
        s = put_to_the_vote(make_scored(session, {f"x{i}": "yellow" for i in range(TIMES)}))
        both = (s.as_("secretary"), s.as_("secretary-2"))
        session.execute(sa.update(MeetingItem).values(vote_ended_at=s.city.now))
        version = s.item("x0").version
        session.commit()

        with both_at_once(engine, both) as race:
            said = [race(partial(decisions.close, item_id=item, version=version)) for item in s.items.values()]

        assert len(said) == TIMES
        for won, lost in map(sorted_by_outcome, said):
            assert won is None
            assert lost is not None
            assert (lost.code, lost.where) == ("changed-meanwhile", "meeting_item")
            facts = dict(lost.facts)
            assert facts.pop("since") == s.city.now.isoformat()
            assert facts == {"yours": version, "current": version + 1, "state": "closed"}
        counts = [session.scalar(sa.select(sa.func.count()).select_from(Decision))]
        for kind in ("item.close", "review.decide"):
            counts.append(session.scalar(sa.select(sa.func.count()).where(Event.kind == kind)))
        assert counts == [TIMES, TIMES, TIMES]
        assert session.scalars(sa.select(sa.func.count()).select_from(Decision).group_by(Decision.item_id)).all() == (
            [1] * TIMES
        )


def put_to_the_vote(s: Sitting) -> Sitting:
    """Every item is voted on, with everybody's ballot in the box; as a set, since it is not what is tried here."""
    convene(s)
    s.declare("secretary-2")
    items = list(s.items.values())
    facts = dict.fromkeys(items, ItemFacts())
    s.as_("secretary").advance_many(ITEM, MeetingItem, ItemEvent.VOTE, items, Scope(city=CITY), facts=facts)
    yellow = ballot_box.Cast("yellow", "")
    bulk.insert_all(s.session, Ballot, [
        {"item_id": item, "member_id": s.members[login], "number": 1, "cast_at": s.city.now,
         "sealed": ballot_box.sealed(ballot_box.key_of(s.city.files, item), (item, s.members[login], 1), yellow)}
        for item in items for login in EVERYBODY
    ])  # fmt: skip
    return s


def sorted_by_outcome(said: Sequence[Problem | None]) -> list[Problem | None]:
    """Who was let through first."""
    return sorted(said, key=lambda problem: problem is not None)


def test_ballots_cast_at_once_are_all_kept_with_numbers_of_their_own(engine: sa.Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        s = make_convened(session, {"one-a": "yellow"})
        s.vote("one-a", {})
        session.commit()
        item, ctx = s.items["one-a"], s.as_("industry-1")
        session.commit()

        for _ in range(3):
            said = at_once(
                engine,
                *((ctx, partial(ballots.cast, item_id=item, choice=choice)) for choice in ("green", "abstain")),
            )
            assert said == ["done", "done"]

        numbers = session.scalars(sa.select(Ballot.number).order_by(Ballot.number)).all()
        assert numbers == [1, 2, 3, 4, 5, 6]


def test_a_ballot_cast_while_the_item_closes_is_counted_or_refused(engine: sa.Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        s = make_convened(session, {f"x{i}": "yellow" for i in range(4)})
        for short in s.reviews:
            s.vote(short, dict.fromkeys(EVERYBODY, "yellow"))
        session.commit()
        secretary, member = s.as_("secretary"), s.as_("industry-1")
        session.commit()

        for item in s.items.values():
            ended, cast = at_once(
                engine,
                (secretary, partial(ballots.end_vote, item_id=item)),
                (member, partial(ballots.cast, item_id=item, choice="green")),
            )
            [closed] = at_once(engine, (secretary, partial(decisions.close, item_id=item)))
            tally = session.scalars(sa.select(Decision.tally).where(Decision.item_id == item)).one()
            seen = sa.select(sa.func.count()).where(Ballot.item_id == item)
            assert (ended, closed) == ("done", "done")
            assert (cast, session.scalar(seen), tally["votes"]) in [
                ("done", 9, {"yellow": 7, "green": 1}),
                ("vote-ended", 8, {"yellow": 8}),
            ]
            session.commit()


def test_an_item_taken_out_while_the_rest_is_agreed_is_agreed_or_out_and_never_both(engine: sa.Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        s = make_convened(session, {"one-a": "yellow", "two-a": "green"}, together={"one-a", "two-a"})
        session.commit()
        votes = {s.members[login]: "agree" for login in EVERYBODY}
        secretary, member, item = s.as_("secretary"), s.as_("industry-1"), s.items["one-a"]
        session.commit()

        said = at_once(
            engine,
            (secretary, lambda c: decisions.agree(c, s.meeting, votes, list(s.items.values()))),
            (member, lambda c: ballots.take_out(c, item)),
        )

        states = session.execute(sa.select(MeetingItem.state, MeetingItem.together).order_by(MeetingItem.id)).all()
        assert (said, [tuple(row) for row in states]) in [
            (["done", "step-not-open"], [("closed", True), ("closed", True)]),
            (["taken-out", "done"], _out(s, item)),
        ]


def _out(s: Sitting, item: int) -> list[tuple[str, bool]]:
    return [("open", key != item) for key in sorted(s.items.values())]


def test_two_secretaries_list_the_same_review_and_it_stands_on_one_list(engine: sa.Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        s = make_scored(session, {"one-a": "yellow"})
        new, both = new_meeting(s), (s.as_("secretary"), s.as_("secretary-2"))
        session.commit()

        said = at_once(engine, *((ctx, lambda c: committee.create(c, new)) for ctx in both))

        assert Counter(said)["done"] == 1
        assert set(said) <= {"done", "listed-elsewhere", "already-there"}
        assert session.scalar(sa.select(sa.func.count()).select_from(MeetingItem)) == 1


def test_two_people_approve_the_same_list_and_one_is_the_second_person(engine: sa.Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        s = make_served(session, {"one-a": "yellow", "two-a": "green"})
        made = publications.draft(s.as_("secretary"), s.round_id)
        both = (s.as_("bureau-approver"), s.as_("approver-2"))
        key, digest = made.id, made.digest
        session.commit()

        approved = at_once(engine, *((ctx, lambda c: publications.approve(c, key, digest)) for ctx in both))
        opened = at_once(engine, *((ctx, lambda c: publications.open_publicity(c, key)) for ctx in both))

        assert (sorted(approved), sorted(opened)) == (["done", "step-not-open"], ["done", "step-not-open"])
        kinds = session.scalars(sa.select(Event.kind).where(Event.kind.like("publication.%")).order_by(Event.seq)).all()
        assert kinds == ["publication.draft", "publication.approve", "publication.open"]
        assert session.scalar(sa.select(sa.func.count()).where(Event.kind == "review.publicise")) == 2


def test_two_people_draft_at_once_and_no_review_is_on_two_lists(engine: sa.Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        s = make_served(session, {"one-a": "yellow", "two-a": "green"})
        both = (s.as_("secretary"), s.as_("secretary-2"))
        session.commit()

        said = at_once(engine, *((ctx, lambda c: publications.draft(c, s.round_id)) for ctx in both))

        assert sorted(said) == ["done", "list-empty"]
        assert session.scalars(sa.select(Publication.counts["total"])).all() == [2]


def test_an_objection_upheld_and_rejected_at_once_gets_one_answer(engine: sa.Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        s, number = make_publicised(session, {"one-a": "yellow"})
        new = objections.NewObjection(s.reviews["one-a"], "示例张三", "示例", "示例：人数不实")
        key = objections.lodge(s.city.nobody(), number, new).id
        objections.confirm_contact(s.city.nobody(), key, session.get_one(Objector, key).confirmation_code)
        objections.admit(s.as_("secretary"), key)
        both = (s.as_("secretary"), s.as_("bureau-approver"))
        session.commit()

        said = at_once(
            engine,
            (both[0], lambda c: objections.uphold(c, key, "示例：属实", evidence_was_wrong=False)),
            (both[1], lambda c: objections.reject(c, key, "示例：不实")),
        )

        upheld = session.scalar(sa.select(Review.state).where(Review.id == s.reviews["one-a"]))
        assert (said, upheld) in [
            (["done", "step-not-open"], "scored"),
            (["step-not-open", "done"], "publicised"),
        ]


def test_no_vote_is_called_while_the_visit_of_its_review_is_being_reported(engine: sa.Engine) -> None:
    """What members read when the vote is called is what they vote on: the second waits for the first."""
    with Session(engine, expire_on_commit=False) as session:
        s = make_convened(session, {"one-a": "red"}, policy=VISITS)
        key, item = s.reviews["one-a"], s.items["one-a"]
        site_visits.name(s.as_("secretary"), key, [s.city.people["site-visitor"]])
        site_visits.report(s.as_("site-visitor"), key, Said("示例：已现场查看"))
        caller = s.as_("secretary")
        session.commit()

        site_visits.report(s.as_("site-visitor"), key, Said("示例：设备12台", reason="示例：误记", corrects=1))
        with Session(engine, expire_on_commit=False) as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
            with pytest.raises(psycopg.errors.LockNotAvailable):
                ballots.call_vote(replace(caller, session=other), item)
        session.commit()
        assert at_once(engine, (caller, partial(ballots.call_vote, item_id=item))) == ["done"]
