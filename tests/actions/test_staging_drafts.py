"""A file that fills the drafts of a round: what a save by hand would take, all of it but what changed meanwhile."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from remembered import remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import evidence, staging, staging_views, verification
from specialty_eval.actions.evidence import Figures
from specialty_eval.actions.paging import Page
from specialty_eval.actions.staging_files import CSV
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotYou
from specialty_eval.store import staged_drafts
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import EvidenceDraft, Figure, Review
from specialty_eval.store.staged_drafts import StagedDraft, StagedDraftValue
from specialty_eval.store.staging import StagedFile, StagedRow

KEY = ("school_code", "catalogue_code", "year")
ONE_A, ONE_B, TWO_A = ("3637000001", "710201"), ("3637000001", "660103"), ("3637000002", "710201")
BOTH = ((*KEY, "graduates", "employed", "source"), (*ONE_A, 2025, 100, 90, "学籍系统"), (*ONE_B, 2025, 50, "", ""))

MORE = POLICY.replace("measures:\n", "measures:\n  rooms: {label: {zh: 实训室}, type: integer, supplier: school}\n")


@remembered_fixture
def city(session: Session) -> City:
    made = make_city(session)
    made.reviews |= open_round(made, make_cycle(made, policy=MORE))
    return made


def round_of(city: City) -> int:
    return city.session.scalar(sa.text("SELECT max(round_id) FROM review")) or 0


def staged(city: City, *rows: tuple[object, ...], who: str = "editor-one", **given: Any) -> StagedFile:
    content = "".join(",".join(str(cell) for cell in row) + "\n" for row in rows).encode()
    file = staging.Received(content, CSV, "示例.csv", given.pop("round_id", None) or round_of(city))
    row = staging.receive(city.as_(who), file, given.pop("policy", "small@1"), **given)
    return staging.check(city.as_(who), row.id)


def said(city: City, row: StagedFile, who: str = "editor-one") -> list[tuple[str, str]]:
    found, _ = staging_views.remarks(city.as_(who), row.id, "problem", Page(100))
    return [(one["code"], one["cell"]) for one in found]


def differs(city: City, row: StagedFile, kind: staging_views.Difference) -> list[tuple[object, ...]]:
    found, _ = staging_views.difference(city.as_("editor-one"), row.id, kind, Page(100))
    return [(one["row"], one["measure"], one["before"], one["after"]) for one in found]


def save(city: City, short: str, **values: str) -> None:
    evidence.save(city.as_("editor-one"), city.reviews[short], Figures(values, {}), "自评", version=None)


def draft(city: City, short: str) -> tuple[dict[str, str], int]:
    row = city.session.get(EvidenceDraft, city.reviews[short])
    return ({}, 0) if row is None else ({m: f["value"] for m, f in row.figures.items()}, row.version)


def test_a_file_is_shown_then_saved_as_drafts_and_nothing_is_handed_in(city: City) -> None:
    save(city, "one-a", graduates="80", employed="90")
    row = staged(city, *BOTH)
    assert (said(city, row), row.counts["rows"], row.counts["unchanged"]) == ([], 2, 1)
    assert differs(city, row, "new") == [(3, "graduates", None, "50")]
    assert differs(city, row, "changed") == [(2, "graduates", "80", "100")]
    assert draft(city, "one-b") == ({}, 0)

    done = staging.confirm(city.as_("editor-one"), row.id, row.difference)

    assert done.counts == {"rows": 2, "values": 3, "new": 1, "changed": 1, "gone": 0, "unchanged": 1, "conflicts": 0}
    assert draft(city, "one-a") == ({"graduates": "100", "employed": "90"}, 2)
    assert draft(city, "one-b") == ({"graduates": "50"}, 1)
    kept = city.session.get_one(EvidenceDraft, city.reviews["one-a"])
    assert (kept.self_evaluation, kept.saved_by) == ("自评", city.people["editor-one"])
    assert [kept.figures[m]["source"] for m in ("graduates", "employed")] == ["学籍系统", ""]
    told = sa.select(Event.subject_id, Event.facts, Event.acting_for_id).where(Event.kind == "evidence.save")
    saved = [tuple(one) for one in city.session.execute(told.order_by(Event.seq))][1:]
    school = city.schools["one"]
    assert sorted(saved, key=str) == sorted(
        [(city.reviews["one-a"], {"reported": 2}, school), (city.reviews["one-b"], {"reported": 1}, school)], key=str
    )
    states = city.session.scalars(sa.text("SELECT DISTINCT state FROM review")).all()
    assert (states, city.session.scalar(sa.select(sa.func.count()).select_from(Figure))) == (["open"], 0)
    left = [city.session.scalar(sa.select(sa.func.count()).select_from(m)) for m in (StagedRow, StagedDraftValue)]
    assert left == [0, 0]


def test_a_draft_that_was_saved_or_handed_in_meanwhile_is_left_out_and_told(city: City) -> None:
    row = staged(city, *BOTH)
    save(city, "one-a", graduates="77")
    done = staging.confirm(city.as_("editor-one"), row.id, row.difference)
    assert (done.counts["new"], done.counts["conflicts"]) == (1, 2)
    assert differs(city, row, "conflict") == [(2, "graduates", None, "100"), (2, "employed", None, "90")]
    assert (draft(city, "one-a"), draft(city, "one-b")) == (({"graduates": "77"}, 1), ({"graduates": "50"}, 1))

    again = staged(city, *BOTH)
    save(city, "one-a", graduates="77", employed="70")
    evidence.submit(city.as_("head-one"), city.reviews["one-a"])
    with pytest.raises(Changed):  # what else the file says is there already: nothing of it would be written
        staging.confirm(city.as_("editor-one"), again.id, again.difference)
    compared = staging.compare_again(city.as_("editor-one"), again.id)
    assert said(city, compared) == [("draft-not-open", "B2")]
    with pytest.raises(Invalid):
        staging.confirm(city.as_("editor-one"), again.id, compared.difference)
    staging.discard(city.as_("editor-one"), again.id)
    kept = city.session.scalars(sa.select(StagedDraft.file_id)).all()
    assert set(kept) == {row.id}  # what was not written can still be read


def test_after_a_return_a_file_changes_the_open_fields_alone(city: City) -> None:
    key = city.reviews["one-a"]
    save(city, "one-a", graduates="100", employed="90")
    evidence.submit(city.as_("head-one"), key)
    verification.return_(city.as_("county-one"), key, {"graduates": "示例：与学籍不符"})
    columns = (*KEY, "graduates", "rooms")
    row = staged(city, columns, (*ONE_A, 2025, 99, 3))
    assert said(city, row) == [("field-not-open", "E2")]
    mended = staged(city, columns, (*ONE_A, 2025, 99, ""))
    staging.confirm(city.as_("editor-one"), mended.id, mended.difference)
    assert draft(city, "one-a")[0] == {"graduates": "99", "employed": "90"}


def test_every_row_that_no_save_would_take_is_told_with_its_cell(city: City) -> None:
    row = staged(
        city,
        (*KEY, "graduates", "posts"),
        (*TWO_A, 2025, 1, ""),
        (*ONE_A, 2024, 1, ""),
        (*ONE_B, 2025, "x", 3),
    )
    assert sorted(said(city, row), key=lambda one: one[1]) == [
        ("row-of-another-school", "A2"), ("year-not-of-round", "C3"), ("not-a-number", "D4"),
        ("measure-not-yours", "E4"),
    ]  # fmt: skip
    assert city.session.scalar(sa.select(sa.func.count()).select_from(EvidenceDraft)) == 0


def test_an_empty_cell_takes_a_value_off_only_where_that_is_meant(city: City) -> None:
    save(city, "one-b", graduates="40", employed="30")
    rows = ((*KEY, "graduates", "employed"), (*ONE_B, 2025, 41, ""), (*ONE_A, 2025, "", ""))
    row = staged(city, *rows)
    assert (row.counts["changed"], row.counts["gone"], row.counts["new"]) == (1, 0, 0)
    whole = staged(city, *rows, whole=True)
    assert differs(city, whole, "gone") == [(2, "employed", "30", None)]
    staging.confirm(city.as_("editor-one"), whole.id, whole.difference)
    assert draft(city, "one-b")[0] == {"graduates": "41"}


def test_whoever_saves_no_draft_fills_none_by_file(city: City) -> None:
    for who in ("secretary", "county-one", "bureau-verifier"):
        with pytest.raises(NotYou):
            staged(city, *BOTH, who=who)
    other = staged(city, *BOTH, who="head-two")
    assert {code for code, _ in said(city, other, "head-two")} == {"row-of-another-school"}
    with pytest.raises(NotFound):
        staged(city, *BOTH, round_id=10**6)
    row = staged(city, *BOTH)
    gone = city.as_("editor-one")
    gone = replace(gone, actor=replace(gone.actor, grants=()))
    with pytest.raises(NotYou):
        staging.confirm(gone, row.id, row.difference)
    assert draft(city, "one-a") == ({}, 0)


def test_of_several_reviews_the_last_made_is_filled_whatever_its_number(city: City) -> None:
    old = city.session.get_one(Review, city.reviews["one-a"])
    city.session.execute(sa.update(Review).where(Review.id == old.id).values(state="withdrawn"))
    lowest = city.session.scalar(sa.select(sa.func.min(Review.id))) or 0
    anew = Review(id=lowest - 1, round_id=old.round_id, specialty_id=old.specialty_id, replaces_id=old.id,
                  state="cancelled", returned_fields={}, version=1, updated_at=city.now)  # fmt: skip
    city.session.add(anew)
    city.session.flush()
    filled = staged_drafts.reviews(city.session, old.round_id, [old.specialty_id], acting=None)
    assert filled[old.specialty_id].review_id == anew.id
