"""A round's negative and urgent-need list: built, exempted by name, approved by another, published, taken back."""

from collections.abc import Iterator
from datetime import date
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_person, make_school, make_specialty
from factories_consequences import BITES, OTHER_CITY, add_other_city, events, make_confirmed, on
from factories_deliberation import Sitting, refused
from racing import at_once
from specialty_eval.actions import list_views, lists
from specialty_eval.actions.lists import Named
from specialty_eval.actions.paging import Page
from specialty_eval.engine.errors import Changed, NotFound, NotNow, NotYou
from specialty_eval.engine.lists import ListKind
from specialty_eval.engine.permissions import Role
from specialty_eval.store.base import make_engine
from specialty_eval.store.cycles import Round
from specialty_eval.store.outcomes import RatingInForce
from specialty_eval.store.registry import CatalogueEntry, School, Specialty
from specialty_eval.store.reviews import Figure
from specialty_eval.store.specialty_lists import SpecialtyList, SpecialtyListEntry

NEGATIVE, URGENT = ListKind.NEGATIVE, ListKind.URGENT
DENSE, FEW = Named("secondary", "710201"), Named("secondary", "660103")
DOCUMENT = "示例专〔2026〕1号"


@pytest.fixture
def s(session: Session) -> Sitting:
    """710201 is taught by all three schools, 660103 by one: too dense the one, few and exempt the other."""
    return make_confirmed(session)


def built(s: Sitting, kind: ListKind = NEGATIVE) -> SpecialtyList:
    return lists.build(s.as_("secretary"), s.round_id, kind)


def approved(s: Sitting, kind: ListKind = NEGATIVE) -> SpecialtyList:
    row = built(s, kind)
    return lists.approve(s.as_("bureau-approver"), row.id, DOCUMENT, row.digest)


def published(s: Sitting, year: int = 2027, kind: ListKind = NEGATIVE) -> SpecialtyList:
    return lists.publish(s.as_("secretary"), approved(s, kind).id, year)


def entries(s: Sitting, row: SpecialtyList) -> dict[str, SpecialtyListEntry]:
    found = s.session.scalars(sa.select(SpecialtyListEntry).where(SpecialtyListEntry.list_id == row.id))
    return {entry.code: entry for entry in found}


def shown(s: Sitting, row: SpecialtyList, who: str = "") -> dict[str, dict[str, object]]:
    ctx = s.as_(who) if who else s.city.nobody()
    return {line["code"]: line for line in list_views.entries(ctx, row, Page(50))[0]}


def states(s: Sitting) -> list[tuple[str, int, str]]:
    found = sa.select(SpecialtyList.kind, SpecialtyList.number, SpecialtyList.state).order_by(SpecialtyList.id)
    return [(kind, number, state) for kind, number, state in s.session.execute(found)]


# --- building --------------------------------------------------------------------------------------------------------


def test_a_list_says_of_every_entry_which_rules_name_it_and_by_which_figures(s: Sitting) -> None:
    row = built(s)

    assert (row.state, row.number, row.looked_at, row.named, row.jurisdiction_code) == ("built", 1, 2, 2, "371400")
    found = entries(s, row)
    assert {code: (e.reasons, e.figures, e.exempt_by, e.exempt_codes) for code, e in found.items()} == {
        "710201": (["too-dense"], {"share_of_schools": "100.00"}, "", []),
        "660103": (["few"], {"specialties": "1"}, "policy", ["single"]),
    }
    [event] = events(s, "list.build")
    assert (event.audience, event.facts["named"], event.facts["digest"]) == ("office", 2, row.digest)


def test_ratings_in_force_figures_and_sites_count_as_they_are_known_today(session: Session) -> None:
    rules = """
      - {code: red, when: {count: share_red, at_least: 30}}
      - {code: small, when: {all: [{count: years_small_intake, at_least: 2}, {count: intake, equals: 8}]}}
"""
    policy = BITES.replace("    exempt: [{code: single", f"{rules}    exempt: [{{code: single")
    policy = policy.replace("measures:\n", "measures:\n  intake: {type: integer, min: 0, supplier: school}\n", 1)
    s = make_confirmed(session, policy=policy)
    key = s.city.specialties["one-b"]
    for year in (2024, 2025):
        session.add(Figure(specialty_id=key, year=year, measure="intake", value="8", supplier="school", source="",
                           recorded_at=s.city.now))  # fmt: skip
    session.flush()

    found = entries(s, built(s))

    # Three of the four sites of 710201 have a colour in force: green, yellow, red.
    assert (found["710201"].reasons, found["710201"].figures["share_red"]) == (["too-dense", "red"], "33.33")
    assert found["660103"].reasons == ["few", "small"]
    assert found["660103"].figures == {"specialties": "1", "years_small_intake": "2", "intake": "8"}


def test_another_citys_sites_are_not_counted(s: Sitting) -> None:
    before = {code: entry.figures for code, entry in entries(s, built(s)).items()}
    add_other_city(s)
    elsewhere = make_school(s.session, code="3637150009", name="示例别市职校", area=OTHER_CITY)
    s.session.execute(sa.update(School).where(School.id == elsewhere).values(city_code=OTHER_CITY))
    entry = s.session.scalars(sa.select(CatalogueEntry).where(CatalogueEntry.code == "660103")).one()
    make_specialty(s.session, school_id=elsewhere, entry=entry)

    assert {code: entry.figures for code, entry in entries(s, built(s)).items()} == before


def test_what_was_only_built_is_superseded_by_building_anew_and_by_nothing_of_the_other_kind(s: Sitting) -> None:
    built(s)
    built(s, URGENT)
    built(s)

    assert states(s) == [("negative", 1, "superseded"), ("urgent", 1, "built"), ("negative", 2, "built")]
    [event] = events(s, "list.supersede")
    assert (event.audience, event.facts["by"], event.actor_person_id) == ("office", 2, None)


def test_an_approved_list_waits_for_its_publication_before_another_is_built(s: Sitting) -> None:
    approved(s)

    assert refused(NotNow, lambda: built(s)) == [("list-awaits-publication", "list")]


def test_a_list_the_policy_does_not_have_or_cannot_count_is_not_built(session: Session) -> None:
    urgent = "  urgent: {rules: [{code: rare, when: {count: specialties, at_most: 1}}]}\n"
    assert urgent in BITES
    s = make_confirmed(session, policy=BITES.replace(urgent, "").replace("count: specialties", "count: intake"))

    assert refused(NotNow, lambda: built(s, URGENT)) == [("list-not-in-policy", "lists.urgent")]
    assert refused(NotNow, lambda: built(s)) == [("list-count-without-measure", "lists.negative.few")]


@pytest.mark.parametrize("state", ["planned", "cancelled"])
def test_a_round_that_has_not_begun_or_is_cancelled_has_no_list(s: Sitting, state: str) -> None:
    s.session.execute(sa.update(Round).where(Round.id == s.round_id).values(state=state))

    assert refused(NotNow, lambda: built(s)) == [("step-not-open", "round")]


@pytest.mark.parametrize("who", ["bureau-approver", "planner", "auditor", "chair", "head-one", "nobody"])
def test_nobody_but_the_secretary_builds(s: Sitting, who: str) -> None:
    assert refused(NotYou, lambda: lists.build(s.as_(who), s.round_id, NEGATIVE)) == [("role-missing", "list")]


def test_a_secretary_elsewhere_builds_nothing_here(s: Sitting) -> None:
    add_other_city(s)
    bureau = s.session.scalar(sa.text("SELECT id FROM organisation WHERE kind = 'bureau' AND code <> '371400'"))
    assert bureau is not None
    s.city.people["elsewhere"] = make_person(s.session, login="elsewhere", roles={Role.SECRETARY: bureau})

    assert refused(NotYou, lambda: lists.build(s.as_("elsewhere"), s.round_id, NEGATIVE))[0][0] == "role-missing"


# --- exemptions by name ----------------------------------------------------------------------------------------------


def test_an_entry_is_exempted_by_name_and_listed_again(s: Sitting) -> None:
    row = built(s)
    first = row.digest

    lists.exempt(s.as_("secretary"), row.id, DENSE, " 示例：市里统筹新增 ")

    entry = entries(s, row)["710201"]
    assert (entry.exempt_by, entry.exempt_reason, entry.exempted_by) == (
        "person", "示例：市里统筹新增", s.city.people["secretary"],
    )  # fmt: skip
    assert (row.digest != first, row.version) == (True, 2)
    lists.relist(s.as_("secretary"), row.id, DENSE, "示例：笔误")
    assert (entry.exempt_by, entry.exempt_reason, entry.exempted_by, entry.exempted_at) == ("", "", None, None)
    assert row.digest == first
    assert [e.facts["code"] for e in (*events(s, "list.exempt"), *events(s, "list.relist"))] == ["710201", "710201"]


def test_an_exemption_is_refused_with_every_reason(s: Sitting) -> None:
    row, secretary = built(s), s.as_("secretary")

    assert refused(NotNow, lambda: lists.exempt(secretary, row.id, FEW, " ")) == [
        ("reason-missing", "reason"), ("entry-exempt-already", "entry"),
    ]  # fmt: skip
    assert refused(NotNow, lambda: lists.relist(secretary, row.id, FEW, "示例")) == [
        ("entry-not-exempted-by-name", "entry")
    ]
    assert refused(NotFound, lambda: lists.exempt(secretary, row.id, Named("associate", "710201"), "示例")) == [
        ("not-found", "entry")
    ]
    assert refused(NotYou, lambda: lists.exempt(s.as_("bureau-approver"), row.id, DENSE, "示例")) == [
        ("role-missing", "list")
    ]
    assert refused(Changed, lambda: lists.exempt(secretary, row.id, DENSE, "示例", version=9)) == [
        ("changed-meanwhile", "specialty_list")
    ]


def test_an_approved_list_takes_no_exemption_any_more(s: Sitting) -> None:
    row = approved(s)

    assert refused(NotNow, lambda: lists.exempt(s.as_("secretary"), row.id, DENSE, "示例")) == [
        ("step-not-open", "list")
    ]


# --- approving -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["bureau-approver", "chair"])
def test_the_committees_chair_or_the_bureau_approves_under_a_document(s: Sitting, who: str) -> None:
    row = built(s)

    lists.approve(s.as_(who), row.id, f" {DOCUMENT} ", row.digest)

    assert (row.state, row.approved_by, row.document_number) == ("approved", s.city.people[who], DOCUMENT)
    assert [e.facts["document_number"] for e in events(s, "list.approve")] == [DOCUMENT]


def test_whoever_built_a_list_does_not_approve_it_in_no_other_role_either(s: Sitting) -> None:
    bureau = s.city.organisations["bureau:371400"]
    both = {Role.SECRETARY: bureau, Role.BUREAU_APPROVER: bureau}
    s.city.people["both"] = make_person(s.session, login="both", roles=both)
    row = lists.build(s.as_("both"), s.round_id, NEGATIVE)

    assert refused(NotNow, lambda: lists.approve(s.as_("both"), row.id, " ", "")) == [
        ("second-person-missing", ""), ("document-number-missing", "document_number"), ("list-changed", "digest"),
    ]  # fmt: skip


def test_a_list_that_changed_after_it_was_read_is_not_approved(s: Sitting) -> None:
    row = built(s)
    read = row.digest
    lists.exempt(s.as_("secretary"), row.id, DENSE, "示例")

    assert refused(NotNow, lambda: lists.approve(s.as_("chair"), row.id, DOCUMENT, read)) == [
        ("list-changed", "digest")
    ]


def close_a_site(s: Sitting) -> None:
    for short in ("two-a", "city-a"):
        changed = sa.update(Specialty).where(Specialty.id == s.city.specialties[short])
        s.session.execute(changed.values(closed_on=date(2025, 9, 1)))


def end_a_rating(s: Sitting) -> None:
    s.session.execute(sa.update(RatingInForce).values(known_to=s.city.now))


def test_a_list_of_which_something_would_be_otherwise_now_is_not_approved(s: Sitting) -> None:
    row = built(s)
    close_a_site(s)

    act = partial(lists.approve, s.as_("chair"), row.id, DOCUMENT, row.digest)

    assert refused(NotNow, act) == [("list-outdated", "entries")]
    anew = built(s)
    assert lists.approve(s.as_("chair"), anew.id, DOCUMENT, anew.digest).state == "approved"


def test_a_rating_that_no_rule_looks_at_makes_no_list_outdated(s: Sitting) -> None:
    row = built(s)
    end_a_rating(s)

    assert lists.approve(s.as_("chair"), row.id, DOCUMENT, row.digest).state == "approved"


@pytest.mark.parametrize("who", ["secretary", "planner", "auditor", "head-one"])
def test_nobody_else_approves(s: Sitting, who: str) -> None:
    row = built(s)
    kind = NotYou if who in {"secretary", "auditor"} else NotFound

    refused(kind, lambda: lists.approve(s.as_(who), row.id, DOCUMENT, row.digest))
    assert row.state == "built"


# --- publishing, taking back -----------------------------------------------------------------------------------------


def test_a_published_list_says_its_year_and_is_public(s: Sitting) -> None:
    row = approved(s)
    assert refused(NotFound, lambda: lists.read(s.city.nobody(), row.id)) == [("not-found", "list")]

    lists.publish(s.as_("bureau-approver"), row.id, 2027)

    assert (row.state, row.year, row.published_by) == ("published", 2027, s.city.people["bureau-approver"])
    assert lists.read(s.city.nobody(), row.id) is row
    [event] = events(s, "list.publish")
    assert event.audience == "public"
    assert {key: event.facts[key] for key in ("kind", "year", "document_number", "entries", "exempt")} == {
        "kind": "negative", "year": 2027, "document_number": DOCUMENT, "entries": 1, "exempt": 1,
    }  # fmt: skip


@pytest.mark.parametrize("year", [2025, 2029])
def test_a_year_that_is_over_or_far_ahead_is_refused(s: Sitting, year: int) -> None:
    row = approved(s)

    assert refused(NotNow, lambda: lists.publish(s.as_("secretary"), row.id, year)) == [
        ("list-year-out-of-reach", "year")
    ]


def test_what_nobody_approved_is_not_published(s: Sitting) -> None:
    row = built(s)

    assert refused(NotNow, lambda: lists.publish(s.as_("secretary"), row.id, 2027)) == [("step-not-open", "list")]
    assert refused(NotYou, lambda: lists.publish(s.as_("chair"), row.id, 2027)) == [("role-missing", "list")]


def test_a_newer_list_of_the_year_supersedes_the_older_one_and_no_other_years(s: Sitting) -> None:
    published(s, 2027)
    published(s, 2026)
    published(s, 2027, URGENT)
    newest = published(s, 2027)

    assert states(s) == [
        ("negative", 1, "superseded"), ("negative", 2, "published"), ("urgent", 1, "published"),
        ("negative", 3, "published"),
    ]  # fmt: skip
    [event] = events(s, "list.supersede")
    assert (event.audience, event.facts["by"]) == ("public", newest.id)


def test_a_list_is_taken_back_with_a_reason_by_who_may(s: Sitting) -> None:
    making = built(s)
    assert refused(NotNow, lambda: lists.supersede(s.as_("secretary"), making.id, " ")) == [
        ("reason-missing", "reason")
    ]
    lists.supersede(s.as_("secretary"), making.id, "示例：办法有误")
    waiting = approved(s)
    assert refused(NotYou, lambda: lists.supersede(s.as_("secretary"), waiting.id, "示例")) == [
        ("role-missing", "list")
    ]
    lists.supersede(s.as_("bureau-approver"), waiting.id, "示例：办法有误")
    out = published(s)
    lists.supersede(s.as_("bureau-approver"), out.id, "示例：文件撤销")

    assert {state for _, _, state in states(s)} == {"superseded"}
    assert [e.audience for e in events(s, "list.supersede")] == ["office", "office", "public"]
    assert refused(NotNow, lambda: lists.supersede(s.as_("bureau-approver"), out.id, "示例")) == [
        ("step-not-open", "list")
    ]
    assert lists.read(s.city.nobody(), out.id).state == "superseded"
    assert refused(NotFound, lambda: lists.read(s.city.nobody(), waiting.id)) == [("not-found", "list")]


# --- reading ---------------------------------------------------------------------------------------------------------


def test_an_application_meets_what_is_in_force_for_its_year(s: Sitting) -> None:
    def met(named: Named, year: int = 2027) -> tuple[str, ...] | None:
        line = lists.listed(s.city.nobody(), "371400", NEGATIVE, year, named)
        return None if line is None else line.reasons

    approved_only = approved(s)
    assert met(DENSE) is None
    lists.publish(s.as_("secretary"), approved_only.id, 2027)
    assert (met(DENSE), met(FEW), met(DENSE, 2026), met(Named("associate", "710201"))) == (
        ("too-dense",),
        None,
        None,
        None,
    )
    lists.supersede(s.as_("bureau-approver"), approved_only.id, "示例")
    assert met(DENSE) is None


def test_the_public_reads_the_figures_it_may_see_and_not_who_exempted(s: Sitting) -> None:
    row = built(s)
    lists.exempt(s.as_("secretary"), row.id, DENSE, "示例：市里统筹")
    lists.approve(s.as_("chair"), row.id, DOCUMENT, row.digest)
    lists.publish(s.as_("secretary"), row.id, 2027)

    line = shown(s, row)["710201"]
    assert line["reasons"] == [{"code": "too-dense", "label": {"zh": "布点率超过40%"}}]
    assert (line["exempt_by"], line["exempt_reason"]) == ("person", "示例：市里统筹")
    assert "exempted_by" not in line
    assert shown(s, row, "auditor")["710201"]["exempted_by"] == s.city.people["secretary"]


def test_lists_in_the_making_are_listed_for_their_own_office_alone(s: Sitting) -> None:
    out = published(s)
    making = built(s)

    def ids(who: str = "", **chosen: object) -> list[int]:
        ctx = s.as_(who) if who else s.city.nobody()
        every = {"jurisdiction": None, "kind": None, "year": None, "state": None} | chosen
        return [row["id"] for row in list_views.listing(ctx, Page(50), **every)[0]]  # type: ignore[arg-type]  # as asked

    assert (ids(), ids("secretary"), ids("head-one")) == ([out.id], [out.id, making.id], [out.id])
    assert (ids(year=2027), ids(year=2026), ids(kind="urgent"), ids(state="superseded")) == ([out.id], [], [], [])
    assert (ids(jurisdiction="371400"), ids(jurisdiction="371500")) == ([out.id], [])


def test_what_may_be_done_is_told_to_who_may(s: Sitting) -> None:
    row = built(s)

    def told(who: str) -> dict[str, list[str]]:
        return {p.event: [reason.code for reason in p.reasons] for p in lists.possible(s.as_(who), row)}

    assert told("secretary") == {"exempt": [], "relist": [], "supersede": []}
    assert told("chair") == {"approve": []}
    close_a_site(s)
    assert told("bureau-approver") == {"approve": ["list-outdated"]}
    assert (told("auditor"), told("head-one")) == ({}, {})
    fresh = approved(on(s, 2026, 6, 1))
    assert {p.event for p in lists.possible(s.as_("bureau-approver"), fresh)} == {"publish", "supersede"}


# --- at the same moment ----------------------------------------------------------------------------------------------


@pytest.fixture
def shared(fresh_database: str) -> Iterator[Sitting]:
    engine = make_engine(fresh_database, pool_size=6)
    with Session(engine, expire_on_commit=False) as session:
        yield make_confirmed(session)
    engine.dispose()


def test_two_who_approve_at_once_approve_once(shared: Sitting) -> None:
    row = built(shared)
    shared.session.commit()
    engine = shared.session.get_bind()
    assert isinstance(engine, sa.Engine)

    said = at_once(
        engine,
        *((shared.as_(who), lambda ctx: lists.approve(ctx, row.id, DOCUMENT, row.digest)) for who in
          ("chair", "bureau-approver", "chair")),
    )  # fmt: skip

    assert sorted(said) == ["done", "step-not-open", "step-not-open"]


def test_two_who_build_at_once_leave_one_in_the_making(shared: Sitting) -> None:
    shared.session.commit()
    engine = shared.session.get_bind()
    assert isinstance(engine, sa.Engine)

    said = at_once(engine, *[(shared.as_("secretary"), lambda ctx: lists.build(ctx, shared.round_id, NEGATIVE))] * 3)

    assert said == ["done"] * 3
    assert [state for _, _, state in states(shared)] == ["superseded", "superseded", "built"]
