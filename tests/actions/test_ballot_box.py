"""Ballots while an item is voted on: nobody reads them, with SQL on the tables neither, and what then comes of them."""

import hashlib
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import REGULAR, Sitting, close_item, make_convened, nothing_left, refused
from remembered import remembered_fixture
from specialty_eval.actions import ballots, conflicts, meeting_views
from specialty_eval.engine.errors import NotNow, NotYou
from specialty_eval.store import ballot_box, ballot_check
from specialty_eval.store.deliberation import Ballot
from specialty_eval.store.files import Files
from specialty_eval.store.ledger import Event

REASON = "示例：新建实训基地已投用"


@remembered_fixture
def s(session: Session) -> Sitting:
    """Eight ballots of one item, some with a reason, one replaced."""
    made = make_convened(session, {"one-a": "yellow"})
    made.vote("one-a", {login: "green" for login, _ in REGULAR[:6]}, reason=REASON)
    made.vote("one-a", {"chair": "abstain", "deputy-chair": "yellow", "industry-1": "red"})
    return made


def rows(s: Sitting) -> list[Ballot]:
    return list(s.session.scalars(sa.select(Ballot).order_by(Ballot.id)))


def everything_in(session: Session) -> str:
    """Every row of every table, as PostgreSQL writes it."""
    tables = session.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    return "\n".join(str(row[0]) for t in tables for row in session.execute(sa.text(f"SELECT t::text FROM {t} t")))


def test_what_the_tables_hold_tells_neither_choice_nor_reason_nor_which_is_like_which(s: Sitting) -> None:
    held = rows(s)

    assert {(ballot.choice, ballot.reason) for ballot in held} == {(None, "")}
    assert {len(ballot.sealed or b"") for ballot in held} == {12 + ballot_box.ROOM + 16}
    assert len({ballot.sealed for ballot in held}) == len(held) == 9
    assert REASON not in everything_in(s.session)
    assert s.item("one-a").ballot_key is None


def test_with_the_tables_and_another_secret_nothing_opens(s: Sitting, tmp_path: Path) -> None:
    elsewhere = Files(tmp_path)

    assert [refused(NotNow, lambda b=b: ballot_box.read(elsewhere, b)) for b in rows(s)] == [  # type: ignore[misc]
        [("ballots-do-not-open", "ballots")]
    ] * 9
    with pytest.raises(NotNow):
        ballot_box.ballots_of(s.session, elsewhere, [s.items["one-a"]])


def test_a_ballot_put_in_anothers_place_does_not_open(s: Sitting) -> None:
    first, second = rows(s)[:2]
    key = ballot_box.key_of(s.city.files, first.item_id)

    with pytest.raises(NotNow):
        ballot_box.opened(key, (second.item_id, second.member_id, second.number), first.sealed or b"")


def test_at_the_close_they_are_on_record_and_anybody_can_compare_them_with_what_was_cast(s: Sitting) -> None:
    cast = [ballot.sealed or b"" for ballot in rows(s)]

    close_item(s.as_("secretary"), s.items["one-a"], reason="示例")

    key = s.item("one-a").ballot_key or b""
    for ballot, box in zip(rows(s), cast, strict=True):
        place = (ballot.item_id, ballot.member_id, ballot.number)
        assert ballot_box.opened(key, place, box) == ballot_box.Cast(ballot.choice or "", ballot.reason)
    told = s.session.scalars(sa.select(Event.facts["sealed"].astext).where(Event.kind == "item.cast"))
    assert list(told.all()) == [hashlib.sha256(box).hexdigest() for box in cast]


def test_the_ballots_on_record_are_compared_with_what_was_sealed_and_what_the_log_says(s: Sitting) -> None:
    assert ballot_check.compare(s.session) == ballot_check.Compared(1, 9, ())  # sealed still: against the log alone
    close_item(s.as_("secretary"), s.items["one-a"], reason="示例")
    assert ballot_check.compare(s.session) == ballot_check.Compared(1, 9, ())
    first, second, third, last = (row.id for row in (*rows(s)[:3], rows(s)[-1]))
    s.session.execute(sa.text("ALTER TABLE ballot DISABLE TRIGGER USER"))
    s.session.execute(sa.update(Ballot).where(Ballot.id == first).values(reason=""))  # erased, which may be
    assert ballot_check.compare(s.session).problems == ()

    s.session.execute(sa.update(Ballot).where(Ballot.id == second).values(choice="red"))
    s.session.execute(sa.update(Ballot).where(Ballot.id == third).values(sealed=b"x" * 1052))
    s.session.execute(sa.delete(Ballot).where(Ballot.id == last))
    s.session.expire_all()

    found = ballot_check.compare(s.session)
    assert found.ballots == 8
    assert sorted(p.code for p in found.problems) == [
        "ballot-differs", "ballot-differs", "ballot-not-in-the-log", "ballots-gone",
    ]  # fmt: skip
    assert next(p.facts for p in found.problems if p.code == "ballots-gone") == {"ballots": 2}
    item = s.items["one-a"]
    s.session.execute(sa.delete(Ballot))
    [gone] = ballot_check.compare(s.session).problems
    assert (gone.code, gone.where, gone.facts) == ("ballots-gone", f"items.{item}", {"ballots": 9})


def test_ballots_of_an_item_put_off_before_its_close_are_opened_never(s: Sitting) -> None:
    conflicts.void(s.as_("secretary"), s.items["one-a"], "示例：改期审议")

    for who in ("secretary", "auditor", "chair", "industry-1"):
        assert refused(NotNow, lambda who=who: meeting_views.ballots(s.as_(who), s.items["one-a"])) == [  # type: ignore[misc]
            ("ballots-sealed", "ballots")
        ]
    assert {ballot.choice for ballot in rows(s)} == {None}
    assert s.item("one-a").ballot_key is None


def test_a_vote_that_ended_takes_no_ballot_and_opens_none(s: Sitting) -> None:
    item = s.items["one-a"]
    for who in ("industry-1", "bureau-approver"):
        with pytest.raises(NotYou):
            ballots.end_vote(s.as_(who), item)

    ballots.end_vote(s.as_("chair"), item)

    assert {ballot.choice for ballot in rows(s)} == {None}
    with nothing_left(s.session):
        assert refused(NotNow, lambda: ballots.cast(s.as_("industry-1"), item, "red")) == [("vote-ended", "item")]
        assert refused(NotNow, lambda: ballots.end_vote(s.as_("secretary"), item)) == [("vote-ended", "item")]
    assert close_item(s.as_("secretary"), item).rating == "yellow"  # five of eight are no two thirds


def test_a_vote_without_a_quorum_does_not_end(s: Sitting) -> None:
    s.session.execute(sa.text("UPDATE meeting_seat SET present = false"))
    s.session.expire_all()

    codes = [code for code, _ in refused(NotNow, lambda: ballots.end_vote(s.as_("secretary"), s.items["one-a"]))]

    assert codes == ["quorum-missing", *["sector-missing"] * 4]
