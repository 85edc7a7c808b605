"""Files of evidence: checked whole, shown as a difference, confirmed as shown; nothing on record before."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from remembered import remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import cycles, staging, staging_files, staging_views
from specialty_eval.actions.paging import Page
from specialty_eval.actions.staging_files import CSV, XLSX
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Figure
from specialty_eval.store.staging import StagedFile, StagedRow
from spreadsheets import workbook

KEY = ("school_code", "catalogue_code", "direction", "year")
ONE_A, ONE_B, TWO_A = ("3637000001", "710201", ""), ("3637000001", "660103", ""), ("3637000002", "710201", "")
PAGE = Page(500)


@remembered_fixture
def city(session: Session) -> City:
    city = make_city(session)
    cycles.import_policy(city.as_("policy-editor"), POLICY)
    return city


def as_csv(*rows: tuple[object, ...]) -> bytes:
    return "".join(",".join(str(cell) for cell in row) + "\n" for row in rows).encode()


def staged(city: City, content: bytes, who: str = "secretary", kind: str = CSV, **given: bool) -> StagedFile:
    ctx = city.as_(who)
    row = staging.receive(ctx, staging.Received(content, kind, "示例.csv"), "small@1", **given)
    return staging.check(ctx, row.id)


def said(city: City, row: StagedFile, kind: str = "problem", who: str = "secretary") -> list[tuple[str, str]]:
    found, _ = staging_views.remarks(city.as_(who), row.id, kind, PAGE)
    return [(one["code"], one["cell"]) for one in found]


def differs(city: City, row: StagedFile, kind: staging_views.Difference) -> list[tuple[object, ...]]:
    found, _ = staging_views.difference(city.as_("secretary"), row.id, kind, PAGE)
    return [(one["row"], one["specialty"], one["measure"], one["before"], one["after"]) for one in found]


def on_record(session: Session) -> dict[tuple[str, str], str]:
    current = sa.select(Figure).where(Figure.superseded_at.is_(None))
    return {(str(f.specialty_id), f.measure): f.value for f in session.scalars(current)}


TWO_ROWS = ((*KEY, "graduates", "posts"), (*ONE_A, 2025, 40, 12), (*ONE_B, 2025, 30, ""))


def test_a_file_is_shown_then_confirmed_as_shown_and_told_once(city: City) -> None:
    row = staged(city, as_csv(*TWO_ROWS))
    assert row.counts == {"rows": 2, "values": 3, "new": 3, "changed": 0, "gone": 0, "unchanged": 0}
    assert differs(city, row, "new") == [
        (2, "3637000001-710201", "graduates", None, "40"),
        (2, "3637000001-710201", "posts", None, "12"),
        (3, "3637000001-660103", "graduates", None, "30"),
    ]
    assert on_record(city.session) == {}
    staging.confirm(city.as_("secretary"), row.id, row.difference)
    one_a, one_b = (str(city.specialties[short]) for short in ("one-a", "one-b"))
    assert on_record(city.session) == {(one_a, "graduates"): "40", (one_a, "posts"): "12", (one_b, "graduates"): "30"}
    told = city.session.scalars(sa.select(Event).where(Event.kind == "intake.figures")).all()
    assert [(e.facts["new"], e.facts["of"]) for e in told] == [(3, "small@1")]
    assert city.session.scalar(sa.select(sa.func.count()).select_from(StagedRow)) == 0
    with pytest.raises(NotNow):
        staging.confirm(city.as_("secretary"), row.id, row.difference)


def test_what_changes_and_what_goes_is_told_with_what_was_before(city: City) -> None:
    first = staged(city, as_csv(*TWO_ROWS))
    staging.confirm(city.as_("secretary"), first.id, first.difference)
    again = as_csv((*KEY, "graduates", "posts"), (*ONE_A, 2025, 41, ""), (*ONE_B, 2025, 30, 9))
    kept = staged(city, again)
    assert (kept.counts["new"], kept.counts["changed"], kept.counts["gone"], kept.counts["unchanged"]) == (1, 1, 0, 1)
    row = staged(city, again, whole=True)
    assert differs(city, row, "changed") == [(2, "3637000001-710201", "graduates", "40", "41")]
    assert differs(city, row, "gone") == [(2, "3637000001-710201", "posts", "12", None)]
    assert differs(city, row, "new") == [(3, "3637000001-660103", "posts", None, "9")]
    staging.confirm(city.as_("secretary"), row.id, row.difference)
    one_a, one_b = (str(city.specialties[short]) for short in ("one-a", "one-b"))
    assert on_record(city.session) == {
        (one_a, "graduates"): "41", (one_b, "graduates"): "30", (one_b, "posts"): "9",
    }  # fmt: skip


def test_nothing_is_confirmed_that_was_not_shown(city: City) -> None:
    row, other = staged(city, as_csv(*TWO_ROWS)), staged(city, as_csv(TWO_ROWS[0], (*ONE_A, 2025, 7, "")))
    with pytest.raises(Changed):
        staging.confirm(city.as_("secretary"), row.id, other.difference)
    staging.confirm(city.as_("secretary"), other.id, other.difference)
    with pytest.raises(Changed) as refusal:
        staging.confirm(city.as_("secretary"), row.id, row.difference)
    assert [p.code for p in refusal.value.problems] == ["base-changed"]
    fresh = staging.compare_again(city.as_("secretary"), row.id)
    assert differs(city, fresh, "changed") == [(2, "3637000001-710201", "graduates", "7", "40")]
    staging.confirm(city.as_("secretary"), row.id, fresh.difference)


def test_every_problem_of_every_row_is_said_at_once_at_its_cell(city: City) -> None:
    row = staged(
        city,
        as_csv(
            (*KEY, "graduates", "employed", "posts", "quality"),
            (*ONE_A, 2025, -1, 5, 2.5, ""),
            ("3637000009", "710201", "", 2025, 1, 1, 1, ""),
            (*ONE_B, 2025, 10, 11, "x", 90),
            (*ONE_B, 2024, 10, 11, "", ""),
            (*ONE_B, 2024, 10, 9, "", ""),
            (*TWO_A, 2099, "1,234", "", "", "")[:8],
        ),
    )
    assert said(city, row) == [
        ("out-of-range", "E2"), ("not-an-integer", "G2"), ("specialty-unknown", "B3"), ("check-holds", "F4"),
        ("not-a-number", "G4"), ("measure-not-loaded", "H4"), ("check-holds", "F5"),
        ("row-repeated", "A6"), ("row-length", "A7"),
    ]  # fmt: skip


def test_a_check_says_what_it_compared_with_also_where_that_is_on_record_and_the_callers(city: City) -> None:
    first = staged(city, as_csv((*KEY, "graduates"), (*ONE_A, 2025, 57), (*TWO_A, 2025, 9)))
    staging.confirm(city.as_("secretary"), first.id, first.difference)

    def compared(who: str, *rows: tuple[object, ...]) -> list[object]:
        row = staged(city, as_csv((*KEY, "employed"), *rows), who)
        found, _ = staging_views.remarks(city.as_(who), row.id, "problem", PAGE)
        return [one["facts"]["value"] for one in found if one["code"] == "check-holds"]

    mine, theirs = (*ONE_A, 2025, 60), (*TWO_A, 2025, 60)
    assert compared("secretary", mine, theirs) == ["employed=60, graduates=57", "employed=60, graduates=9"]
    assert compared("head-one", mine, theirs) == ["employed=60, graduates=57", "employed=60, graduates=…"]


def test_a_file_with_a_problem_changes_nothing_and_one_that_is_nobodys_is_not_found(city: City) -> None:
    row = staged(city, as_csv(TWO_ROWS[0], (*ONE_A, 2025, 40, 1), (*ONE_B, 2025, "vierzig", 2)))
    assert row.counts["new"] == 3
    with pytest.raises(Invalid):
        staging.confirm(city.as_("secretary"), row.id, row.difference)
    with pytest.raises(NotFound):
        staging_files.own(city.as_("administrator"), row.id)
    staging.discard(city.as_("secretary"), row.id)
    with pytest.raises(NotFound):
        staging_files.own(city.as_("secretary"), row.id)


def test_what_people_type_is_understood_and_noted(city: City) -> None:
    rows = (
        ("学校代码", "专业代码", "年份", " graduates", "岗位数"),
        ("３６３７０００００１", "710201 ", "2025年", "４０", " 12"),
    )
    for kind, content in ((XLSX, workbook(rows)), (CSV, as_csv(*rows))):
        row = staged(city, content, kind=kind)
        assert said(city, row) == []
        assert said(city, row, "notice") == [
            ("full-width", "A2"), ("spaces-around", "B2"), ("year-in-words", "C2"), ("full-width", "D2"),
            ("spaces-around", "E2"),
        ]  # fmt: skip
        assert [after for *_, after in differs(city, row, "new")] == ["40", "12"]


def test_who_may_not_write_a_value_is_told_so_when_it_is_checked_and_when_it_is_confirmed(city: City) -> None:
    file = as_csv((*KEY, "posts"), (*ONE_A, 2025, 12))
    assert said(city, staged(city, file, "head-one"), who="head-one") == [("measure-not-yours", "E2")]
    assert said(city, staged(city, as_csv((*KEY, "graduates"), (*TWO_A, 2025, 12)), "head-one"), who="head-one") == [
        ("row-of-another-school", "A2")
    ]
    row = staged(city, file, "hrss")
    assert row.problems == 0
    ctx = city.as_("hrss")
    ctx.actor = type(ctx.actor)(person_id=ctx.actor.person_id)
    with pytest.raises(NotYou):
        staging.confirm(ctx, row.id, row.difference)


def test_a_year_that_a_review_asks_for_is_held_also_when_it_is_confirmed(city: City) -> None:
    file = as_csv((*KEY, "graduates"), (*ONE_A, 2025, 12))
    row = staged(city, file, "head-one")
    assert row.problems == 0
    open_round(city, make_cycle(city))
    assert said(city, staged(city, file, "head-one"), who="head-one") == [("year-under-review", "D2")]
    with pytest.raises(NotNow) as refusal:
        staging.confirm(city.as_("head-one"), row.id, row.difference)
    assert [p.code for p in refusal.value.problems] == ["year-under-review"]


def test_a_file_that_nobody_confirms_is_forgotten_with_its_bytes(city: City) -> None:
    row = staged(city, as_csv(*TWO_ROWS))
    assert city.files.get(row.digest)
    city.now += timedelta(days=8)
    assert staging.forget_expired(city.clock()) == 1
    with pytest.raises(FileNotFoundError):
        city.files.get(row.digest)
