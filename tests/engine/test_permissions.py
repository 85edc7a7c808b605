"""Who may act where, and who may read what: denied unless a line allows it."""

from dataclasses import replace
from datetime import date

import pytest

from specialty_eval.engine.permissions import (
    HELD_AT,
    HELD_BY_PEOPLE,
    READ,
    Actor,
    Grant,
    Kind,
    Reach,
    Scope,
    Thing,
    allowed,
    may,
    may_read,
    may_supply,
    reach,
    visible_measures,
)
from specialty_eval.engine.policy_load import load_policy
from specialty_eval.engine.roles import Role, roles

TODAY = date(2027, 3, 1)
CITY, COUNTY, OTHER_COUNTY = "371400", "371422", "371423"
HERE = Scope(
    school_id="10",
    county=COUNTY,
    city=CITY,
    departments=frozenset({"hrss"}),
    experts=frozenset({"1"}),
    visitors=frozenset({"1"}),
    members=frozenset({"1"}),
    appeal_panel=frozenset({"1"}),
)
HOME = {
    Kind.BUREAU: ("1", CITY, ""),
    Kind.COUNTY: ("2", COUNTY, ""),
    Kind.DEPARTMENT: ("3", CITY, "hrss"),
    Kind.SCHOOL: ("10", COUNTY, ""),
    Kind.THIRD_PARTY: ("5", CITY, ""),
}


def grant(role: Role, kind: Kind | None = None, *, deputy: bool = False) -> Grant:
    kind = kind or min(HELD_AT[role])
    organisation, jurisdiction, code = HOME[kind]
    return Grant(role, organisation, kind, jurisdiction, date(2026, 1, 1), date(2027, 12, 31), deputy, code)


def actor(*grants: Grant, person_id: str = "1") -> Actor:
    return Actor(person_id=person_id, grants=grants)


HELD = [(role, kind) for role, kinds in HELD_AT.items() for kind in sorted(kinds)]


@pytest.mark.parametrize(("role", "kind"), HELD)
def test_a_role_held_where_it_belongs_reaches_its_own(role: Role, kind: Kind) -> None:
    held = grant(role, kind)

    # An auditor at a school or a county is let in only where the organisation's own role is.
    beside = {Kind.SCHOOL: [Role.SCHOOL_HEAD], Kind.COUNTY: [Role.COUNTY_VERIFIER]}.get(kind, [])
    assert allowed(actor(held), [role, *beside], HERE, TODAY) == held


@pytest.mark.parametrize(("role", "kind"), HELD)
def test_a_role_reaches_no_further_than_its_organisation(role: Role, kind: Kind) -> None:
    elsewhere = replace(HERE, school_id="11", county=OTHER_COUNTY, city="370100", departments=frozenset({"industry"}))

    assert allowed(actor(grant(role, kind)), [role], elsewhere, TODAY) is None
    assert allowed(actor(grant(role, kind)), [role], Scope(), TODAY) is None


@pytest.mark.parametrize(
    ("role", "kind"), [(role, kind) for role in Role for kind in Kind if kind not in HELD_AT[role]]
)
def test_a_role_held_at_the_wrong_kind_of_organisation_gives_nothing(role: Role, kind: Kind) -> None:
    assert allowed(actor(grant(role, kind)), [role], HERE, TODAY) is None


@pytest.mark.parametrize(
    ("today", "holds"),
    [(date(2025, 12, 31), False), (date(2026, 1, 1), True), (date(2027, 12, 31), True), (date(2028, 1, 1), False)],
)
def test_a_role_is_held_from_its_first_to_its_last_day(today: date, holds: bool) -> None:
    assert (allowed(actor(grant(Role.SECRETARY)), [Role.SECRETARY], HERE, today) is not None) is holds


def test_nobody_is_allowed_what_needs_another_role() -> None:
    everything_else = [grant(role, kind) for role, kind in HELD if role != Role.BUREAU_APPROVER]

    assert allowed(actor(*everything_else), [Role.BUREAU_APPROVER], HERE, TODAY) is None
    assert allowed(Actor(), list(Role), HERE, TODAY) is None


def test_a_county_does_not_verify_a_school_run_by_the_city() -> None:
    county = actor(grant(Role.COUNTY_VERIFIER))

    assert allowed(county, [Role.COUNTY_VERIFIER], replace(HERE, run_by_city=True), TODAY) is None


@pytest.mark.parametrize("role", [Role.EXPERT, Role.SITE_VISITOR, Role.COMMITTEE_MEMBER, Role.APPEAL_PANEL_MEMBER])
def test_a_part_in_one_review_gives_nothing_in_another(role: Role) -> None:
    stranger = actor(grant(role), person_id="2")

    assert allowed(stranger, [role], HERE, TODAY) is None


def test_a_holder_acts_before_a_deputy_and_a_deputy_when_there_is_no_holder() -> None:
    deputy, holder = grant(Role.SCHOOL_HEAD, deputy=True), grant(Role.SCHOOL_HEAD)

    assert allowed(actor(deputy, holder), [Role.SCHOOL_HEAD], HERE, TODAY) == holder
    assert allowed(actor(deputy), [Role.SCHOOL_HEAD], HERE, TODAY) == deputy


@pytest.mark.parametrize("role", [Role.CHAIR, Role.SECRETARY, Role.COMMITTEE_MEMBER, Role.BUREAU_APPROVER, Role.EXPERT])
def test_a_recused_person_has_no_part_in_any_office(role: Role) -> None:
    recused = replace(HERE, recused=frozenset({"1"}))

    assert allowed(actor(grant(role)), [role], recused, TODAY) is None
    assert [t for t in Thing if t != Thing.PUBLISHED and may_read(actor(grant(role)), t, recused, TODAY)] == []


def test_a_recused_person_still_works_for_their_own_school() -> None:
    recused = replace(HERE, recused=frozenset({"1"}))

    assert may_read(actor(grant(Role.SCHOOL_EDITOR)), Thing.EVIDENCE, recused, TODAY) is True


def test_the_clock_may_only_what_a_table_gives_the_system() -> None:
    clock = Actor(is_system=True)

    assert may(clock, roles(Role.SYSTEM, Role.SECRETARY), HERE, TODAY) is True
    assert may(clock, roles(Role.SECRETARY), HERE, TODAY) is False
    assert [thing for thing in Thing if may_read(clock, thing, HERE, TODAY)] == [Thing.PUBLISHED]


def test_lists_reach_as_far_as_the_roles_do_and_single_parts_widen_nothing() -> None:
    many = actor(
        grant(Role.SCHOOL_EDITOR), grant(Role.COUNTY_VERIFIER), grant(Role.SECRETARY), grant(Role.EXPERT, Kind.BUREAU)
    )

    assert reach(many, list(Role), TODAY) == Reach(frozenset({"10"}), frozenset({COUNTY}), frozenset({CITY}))
    assert reach(many, [Role.EXPERT, Role.SCHOOL_EDITOR], TODAY) == Reach(schools=frozenset({"10"}))
    assert reach(many, list(Role), date(2030, 1, 1)) == Reach()


# --- reading ---------------------------------------------------------------------------------------------------------


def readers(thing: Thing) -> set[Role]:
    return {role for role, kind in HELD if may_read(actor(grant(role, kind)), thing, HERE, TODAY)}


@pytest.mark.parametrize("thing", [thing for thing in Thing if thing != Thing.PUBLISHED])
def test_a_thing_is_read_by_those_its_line_names_and_nobody_else(thing: Thing) -> None:
    assert readers(thing) == set(READ[thing])
    assert may_read(Actor(), thing, HERE, TODAY) is False


def test_everybody_reads_what_is_published() -> None:
    assert may_read(Actor(), Thing.PUBLISHED, Scope(), TODAY) is True


def test_the_secrets_are_kept_by_few() -> None:
    assert READ[Thing.OBJECTOR_CONTACTS] == roles(Role.SECRETARY, Role.BUREAU_APPROVER)
    schools = roles(Role.SCHOOL_EDITOR, Role.SCHOOL_HEAD)
    assert {thing for thing in Thing if READ[thing] & schools} == {
        Thing.EVIDENCE,
        Thing.SHEET,
        Thing.CHALLENGES,
        Thing.APPEALS,
        Thing.APPLICATIONS,
        Thing.RECTIFICATIONS,
        Thing.DESIGNATIONS,
        Thing.TEACH_OUTS,
        Thing.EVENTS,
    }
    for machine_or_manager in (Role.INTEGRATION, Role.ADMINISTRATOR, Role.POLICY_EDITOR, Role.PLANNER):
        assert machine_or_manager not in READ[Thing.EVIDENCE] | READ[Thing.SHEET] | READ[Thing.BALLOTS]


def test_a_school_reads_nothing_of_another_school() -> None:
    head = actor(grant(Role.SCHOOL_HEAD), grant(Role.SCHOOL_EDITOR))
    neighbour = replace(HERE, school_id="11")

    assert [thing for thing in Thing if may_read(head, thing, neighbour, TODAY)] == [Thing.PUBLISHED]


@pytest.mark.parametrize(
    ("kind", "counterpart"), [(Kind.SCHOOL, Role.SCHOOL_HEAD), (Kind.COUNTY, Role.COUNTY_VERIFIER)]
)
def test_an_auditor_reads_what_its_own_organisation_may_and_no_more(kind: Kind, counterpart: Role) -> None:
    auditor, theirs = actor(grant(Role.AUDITOR, kind)), actor(grant(counterpart, kind))

    for thing in Thing:
        assert may_read(auditor, thing, HERE, TODAY) == may_read(theirs, thing, HERE, TODAY), thing
        assert reach(auditor, READ[thing], TODAY) == reach(theirs, READ[thing], TODAY), thing
    assert visible_measures(POLICY, auditor, HERE, TODAY) == visible_measures(POLICY, theirs, HERE, TODAY)


@pytest.mark.parametrize("role", sorted(HELD_BY_PEOPLE))
def test_a_key_reaches_nothing_by_a_role_of_people(role: Role) -> None:
    held = grant(role)
    assert reach(Actor(key_id="1", grants=(held,)), [role], TODAY) == Reach()


# --- measures --------------------------------------------------------------------------------------------------------


POLICY = load_policy(
    """
schema: specialty-eval/policy/1
id: example
version: "1"
title: {zh: 示例办法}
jurisdiction: "371400"
source: 示例
measures:
  graduates: {label: {zh: 毕业生数}, type: integer, supplier: school}
  employed: {label: {zh: 就业人数}, type: integer, supplier: school, publish: restricted}
  audit_note: {label: {zh: 核查情况}, type: boolean, supplier: bureau, publish: own}
  wages: {label: {zh: 平均工资}, type: integer, supplier: "department:hrss", publish: restricted}
  orders: {label: {zh: 订单}, type: integer, supplier: "department:industry", publish: restricted}
  employer_rating: {label: {zh: 用人单位满意度}, type: integer, supplier: third_party, publish: restricted}
  teaching: {label: {zh: 培养方案质量}, type: decimal, decimals: 1, min: 0, max: 100, supplier: panel, publish: own}
rating:
  rules: [{rate: red, code: all}]
"""
)
ALL = frozenset(POLICY.measures)


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.SCHOOL_EDITOR, {"graduates", "employed", "audit_note", "teaching"}),
        (Role.DEPARTMENT_SUPPLIER, {"graduates", "wages"}),
        (Role.THIRD_PARTY_SUPPLIER, {"graduates", "employer_rating"}),
        (Role.PLANNER, {"graduates"}),
        (Role.INTEGRATION, {"graduates"}),
        (Role.COUNTY_VERIFIER, ALL),
        (Role.BUREAU_VERIFIER, ALL),
        (Role.COMMITTEE_MEMBER, ALL),
        (Role.EXPERT, ALL),
        (Role.AUDITOR, ALL),
    ],
)
def test_each_sees_the_measures_meant_for_them(role: Role, seen: set[str]) -> None:
    assert visible_measures(POLICY, actor(grant(role)), HERE, TODAY) == seen


def test_the_public_and_the_recused_see_public_measures_alone() -> None:
    recused = replace(HERE, recused=frozenset({"1"}))

    assert visible_measures(POLICY, Actor(), HERE, TODAY) == {"graduates"}
    assert visible_measures(POLICY, actor(grant(Role.CHAIR)), recused, TODAY) == {"graduates"}


@pytest.mark.parametrize(
    ("role", "suppliers"),
    [
        (Role.SCHOOL_EDITOR, ["school"]),
        (Role.COUNTY_VERIFIER, ["county"]),
        (Role.BUREAU_VERIFIER, ["bureau"]),
        (Role.DEPARTMENT_SUPPLIER, ["department:hrss"]),
        (Role.THIRD_PARTY_SUPPLIER, ["third_party"]),
        (Role.EXPERT, ["panel"]),
        (Role.AUDITOR, []),
    ],
)
def test_each_supplies_what_the_policy_asks_of_them(role: Role, suppliers: list[str]) -> None:
    asked = ["school", "county", "bureau", "department:hrss", "department:industry", "third_party", "panel", "computed"]

    assert [s for s in asked if may_supply(actor(grant(role)), s, HERE, TODAY)] == suppliers
