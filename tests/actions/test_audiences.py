"""Who is told of which event: every kind × everybody whose role is told of any, as a table says it."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import COUNTY, City, make_city, make_person
from factories_deliberation import employ, make_served
from remembered import remembered_fixture
from specialty_eval.actions import feed, publications
from specialty_eval.actions.context import Note
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.event_kinds import KINDS
from specialty_eval.engine.permissions import Role
from specialty_eval.store.ledger import Event
from specialty_eval.store.registry import Specialty

VERIFIER_IS_NOT_TOLD = {
    "item.cast", "review.invite_experts", "review.spread",
    *(kind for kind in KINDS
      if kind.startswith(("allotment.", "assignment.", "expert.", "material.", "plan.", "publication."))),
}  # fmt: skip
"""Who cast a ballot, who the experts are and how they are shared out and scored, lists and plans that are not out."""
APPROVER_IS_NOT_TOLD = {kind for kind in KINDS if kind.startswith("material.")}
"""What a blind review's material was looked through for, and who released it."""
NOTHING: set[str] = set()
OFFICE_TOLD = {
    "secretary": set(KINDS), "bureau-approver": KINDS - APPROVER_IS_NOT_TOLD, "auditor": set(KINDS),
    "bureau-verifier": KINDS - VERIFIER_IS_NOT_TOLD,
    "county-one": NOTHING, "county-two": NOTHING, "auditor-of-county": NOTHING,
    "head-one": NOTHING, "editor-one": NOTHING, "auditor-of-school": NOTHING, "head-two": NOTHING,
    "planner": NOTHING, "administrator": NOTHING, "policy-editor": NOTHING, "chair": NOTHING, "expert-1": NOTHING,
    "appeal-1": NOTHING, "site-visitor": NOTHING, "hrss": NOTHING, "survey": NOTHING, "nobody": NOTHING,
}  # fmt: skip
"""Who → the kinds they are told of a specialty of school one, where offices alone are told."""
SCHOOL_IS_TOLD = {
    "secretary", "bureau-approver", "auditor", "bureau-verifier", "county-one", "auditor-of-county", "head-one",
    "editor-one", "auditor-of-school",
}  # fmt: skip
"""Who is told of everything that school one is told."""


@remembered_fixture
def city(session: Session) -> City:
    city = make_city(session)
    for who, at in (("auditor-of-school", city.schools["one"]),
                    ("auditor-of-county", city.organisations[f"county:{COUNTY}"])):  # fmt: skip
        city.people[who] = make_person(session, login=who, roles={Role.AUDITOR: at})
    return city


def told(city: City, who: str, audience: str) -> set[str]:
    """The kinds of this audience that somebody is told of."""
    query = sa.select(Event.kind).where(feed.visible(city.as_(who)), Event.audience == audience)
    return set(city.session.scalars(query))


def happens(city: City, audience: str, *, of_a_specialty: bool = True) -> None:
    """One event of every kind."""
    key = city.specialties["one-a"]
    for kind in sorted(KINDS):
        note = Note(audience=audience, specialty_id=key if of_a_specialty else None, told={"what": "decision"})
        city.as_("secretary").record(kind, city.session.get_one(Specialty, key), note)


def test_what_offices_are_told_of_a_specialty_is_for_those_who_may_read_it(city: City) -> None:
    before = {who: told(city, who, "office") for who in OFFICE_TOLD}
    happens(city, "office")

    assert {who: told(city, who, "office") - before[who] for who in OFFICE_TOLD} == {
        who: kinds - before[who] for who, kinds in OFFICE_TOLD.items()
    }


def test_what_a_school_is_told_its_offices_are_told_too(city: City) -> None:
    happens(city, "school")
    assert {who for who in OFFICE_TOLD if told(city, who, "school")} == SCHOOL_IS_TOLD
    assert {frozenset(told(city, who, "school")) for who in SCHOOL_IS_TOLD} == {KINDS}


def test_what_is_of_the_whole_city_is_its_bureaus_alone(city: City) -> None:
    happens(city, "office", of_a_specialty=False)
    found = {who: told(city, who, "office") for who in OFFICE_TOLD}
    assert {who: kinds for who, kinds in found.items() if kinds} == {
        who: kinds for who, kinds in OFFICE_TOLD.items() if kinds
    }


def test_a_county_is_told_of_its_schools_days_and_its_own(city: City) -> None:
    key = city.specialties["one-a"]
    for what in ("evidence", "correction", "county_check", "verification", "decision"):
        for kind in ("review.remind", "review.escalate"):
            note = Note(told={"what": what}, specialty_id=key)
            city.as_("secretary").record(kind, city.session.get_one(Specialty, key), note)

    query = sa.select(Event.facts["what"].astext, Event.kind).where(Event.audience == "office")
    seen = {(what, kind) for what, kind in city.session.execute(query.where(feed.visible(city.as_("county-one"))))}
    assert seen == {(what, kind) for what in ("evidence", "correction", "county_check")
                    for kind in ("review.remind", "review.escalate")}  # fmt: skip
    assert city.session.execute(query.where(feed.visible(city.as_("county-two")))).all() == []


def test_sealed_events_are_told_to_nobody(city: City) -> None:
    happens(city, "sealed")
    assert {who for who in OFFICE_TOLD if told(city, who, "sealed")} == set()


def test_the_recused_are_told_nothing_of_a_list_that_has_their_review(session: Session) -> None:
    s = make_served(session, {"one-a": "yellow", "two-a": "green"})
    made = publications.draft(s.as_("secretary"), s.round_id)
    publications.approve(s.as_("bureau-approver"), made.id, made.digest)
    employ(s, "secretary", school="one")

    lists = {"publication.draft", "publication.approve"}
    assert told(s.city, "secretary", "office") & lists == set()
    assert told(s.city, "bureau-approver", "office") & lists == lists


def test_a_kind_there_is_none_of_is_refused(city: City) -> None:
    with pytest.raises(Invalid) as caught:
        feed.Asked(("bogus", "review.confirm", "review.*", "review.confrim"))
    problems = caught.value.problems
    assert [(p.code, p.where, p.facts["value"]) for p in problems] == [
        ("event-kind-unknown", "types", "bogus"), ("event-kind-unknown", "types", "review.confrim"),
    ]  # fmt: skip
    assert problems[0].facts["known"] == sorted(KINDS)
