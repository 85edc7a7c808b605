"""All the letters of a list or a round at once: made bit by bit, one file, the same numbers, nothing of the recused."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import events, make_confirmed
from factories_deliberation import Sitting, employ, nothing_left, refused
from specialty_eval.actions import jobs, letter_batches, notices
from specialty_eval.actions.jobs import Task
from specialty_eval.engine.errors import NotFound, NotNow, NotYou
from specialty_eval.store.documents import Document
from specialty_eval.store.letter_batches import LetterBatch
from specialty_eval.store.outcomes import Publication
from word_read import words


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_confirmed(session, {"one-a": "green", "two-a": "red", "city-a": "yellow"})


def works(s: Sitting) -> None:
    """The worker goes through what is due, a minute later."""
    s.city.now += timedelta(minutes=1)
    for one in jobs.due(s.city.clock()):
        if one.task is Task.LETTERS:
            assert jobs.act(s.city.clock(), one)


def inside(s: Sitting, row: LetterBatch, who: str = "secretary") -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(letter_batches.file(s.as_(who), row.id)[1])) as found:
        return {name: found.read(name) for name in found.namelist()}


def test_a_lists_letters_are_made_bit_by_bit_into_one_file_and_keep_their_numbers(
    s: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letter_batches, "AT_ONCE", 2)
    first = notices.of_rating(s.as_("secretary"), s.reviews["two-a"])
    number = s.session.scalars(sa.select(Publication.id)).one()

    row = letter_batches.of_list(s.as_("secretary"), number)

    assert letter_batches.of_list(s.as_("secretary"), number).id == row.id  # while it waits
    assert refused(NotNow, lambda: letter_batches.file(s.as_("secretary"), row.id)) == [
        ("letters-not-made", "letter_batch")
    ]
    shown = []
    for _ in range(3):
        works(s)
        told = letter_batches.view(letter_batches.read(s.as_("bureau-approver"), row.id))
        shown.append((told["done"], told["letters"], told["made_at"] is not None))
    assert shown == [(2, 3, False), (3, 3, True), (3, 3, True)]
    files = inside(s, row)
    lines = list(csv.reader(io.StringIO(files.pop("目录.csv").decode("utf-8-sig"))))
    papers = s.session.scalars(sa.select(Document).order_by(Document.sequence)).all()
    assert [line[0] for line in lines[1:]] == [paper.number for paper in papers]
    assert lines[1][0] == first.number
    assert [line[2] for line in lines[1:]] == list(files)
    assert all("专业评价认定决定书" in words(content) for content in files.values())
    assert [(e.kind, e.facts["letters"]) for e in events(s, "letter_batch.%")] == [
        ("letter_batch.ask", 3), ("letter_batch.make", 3),
    ]  # fmt: skip

    again = letter_batches.ask(s.as_("bureau-approver"), s.round_id)  # of the whole round
    works(s)
    works(s)
    assert letter_batches.read(s.as_("auditor"), again.id).sha256 == row.sha256
    assert s.session.scalar(sa.select(sa.func.count()).select_from(Document)) == 3


def test_what_who_asks_is_recused_from_is_left_out_and_nobody_recused_gets_the_file(s: Sitting) -> None:
    employ(s, "secretary", school="two")
    mine = letter_batches.ask(s.as_("secretary"), s.round_id)
    whole = letter_batches.ask(s.as_("bureau-approver"), s.round_id)
    works(s)

    assert (len(mine.reviews), len(whole.reviews)) == (2, 3)
    assert not [name for name in inside(s, mine) if "two" in name]
    assert refused(NotYou, lambda: letter_batches.read(s.as_("secretary"), whole.id)) == [("recused", "letter_batch")]
    assert len(inside(s, whole, "bureau-approver")) == 4
    for who in ("head-two", "county-two", "planner", "nobody"):
        with pytest.raises(NotFound):
            letter_batches.file(s.as_(who), whole.id)


def test_an_interest_that_came_meanwhile_takes_the_letter_out_of_the_file(s: Sitting) -> None:
    row = letter_batches.ask(s.as_("secretary"), s.round_id)
    employ(s, "secretary", school="two")
    works(s)

    assert len(inside(s, row, "bureau-approver")) == 3
    assert s.session.scalar(sa.select(sa.func.count()).select_from(Document)) == 2


def test_only_the_offices_ask_and_not_where_nothing_is_theirs_to_make(session: Session) -> None:
    s = make_confirmed(session, {"two-a": "red"})
    with nothing_left(s.session):
        for who in ("head-two", "bureau-verifier", "auditor", "nobody"):
            assert refused(NotYou, lambda who=who: letter_batches.ask(s.as_(who), s.round_id))  # type: ignore[misc]
    employ(s, "secretary", school="two")
    assert refused(NotNow, lambda: letter_batches.ask(s.as_("secretary"), s.round_id)) == [
        ("no-letters-to-make", "reviews")
    ]
