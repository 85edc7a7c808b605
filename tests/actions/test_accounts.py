"""Roles and accounts that end, at once and for good; what a machine's key cannot hold; whose account it is."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import CITY, City, make_city, make_cycle, make_person, open_round
from factories_consequences import OTHER_CITY, add_other_city, make_confirmed, overturn
from factories_deliberation import employ
from factories_scored import verified
from small_policy import POLICY
from specialty_eval.actions import accounts, feed, panel, passwords, ratings
from specialty_eval.actions.context import Credentials
from specialty_eval.engine.errors import Invalid, NotNow, NotSignedIn, NotYou, Refusal
from specialty_eval.engine.permissions import HELD_BY_PEOPLE, Actor, Role
from specialty_eval.store.accounts import ApiKey, Person, RoleGrant
from specialty_eval.store.ledger import Event
from specialty_eval.store.registry import Organisation

PASSWORD = "示例新密码-0001"


@pytest.fixture
def city(session: Session) -> City:
    return make_city(session)


def codes(refusal: Refusal) -> list[str]:
    return [problem.code for problem in refusal.problems]


def granted(city: City, **given: object) -> RoleGrant:
    admin = city.as_("administrator")
    asked = {"valid_from": admin.today, "person_id": city.people["nobody"], **given}
    return accounts.grant_role(admin, Role.SECRETARY, city.organisations[f"bureau:{CITY}"], **asked)  # type: ignore[arg-type]


def signed_in(city: City, login: str) -> str:
    city.session.get_one(Person, city.people[login]).password_hash = passwords.hasher().hash(PASSWORD)
    return accounts.sign_in(city.nobody(), login, PASSWORD)[0]


def held(city: City, token: str) -> list[Role]:
    actor = accounts.identify(city.session, city.now, Credentials(token))
    return [grant.role for grant in actor.grants]


def test_a_role_given_by_mistake_gives_nothing_in_the_same_second(city: City) -> None:
    token = signed_in(city, "nobody")
    grant = granted(city)
    assert held(city, token) == [Role.SECRETARY]

    ended = accounts.end_role(city.as_("administrator"), grant.id)

    assert held(city, token) == []
    assert (ended.ended_at, ended.valid_to) == (city.now, city.as_("administrator").today)
    event = city.session.scalars(sa.select(Event).where(Event.kind == "role.end")).one()
    assert event.facts["at_once"] is True


def test_a_role_that_has_not_begun_can_be_ended_and_never_begins(city: City) -> None:
    token = signed_in(city, "nobody")
    today = city.as_("administrator").today
    accounts.end_role(city.as_("administrator"), granted(city, valid_from=today + timedelta(days=3)).id)
    city.wait(3)
    token = signed_in(city, "nobody")
    assert held(city, token) == []


@pytest.mark.parametrize("how", ["over", "at once"])
def test_an_ending_never_revives_a_role(city: City, how: str) -> None:
    admin = city.as_("administrator")
    if how == "over":
        grant = granted(city, valid_from=date(2020, 1, 1), valid_to=date(2021, 1, 1))
    else:
        grant = accounts.end_role(admin, granted(city).id)
    for last_day in (date(2030, 1, 1), None):
        with pytest.raises(NotNow) as refused:
            accounts.end_role(admin, grant.id, last_day)
        assert codes(refused.value) == ["role-over"]


def test_an_ending_does_not_lengthen_a_role(city: City) -> None:
    grant = granted(city, valid_to=date(2026, 6, 30))
    with pytest.raises(NotNow) as refused:
        accounts.end_role(city.as_("administrator"), grant.id, date(2026, 7, 1))
    assert codes(refused.value) == ["role-ends-sooner"]
    assert accounts.end_role(city.as_("administrator"), grant.id, date(2026, 4, 30)).valid_to == date(2026, 4, 30)


def test_a_role_that_would_end_before_it_begins_is_refused(city: City) -> None:
    with pytest.raises(Invalid) as refused:
        granted(city, valid_to=date(2025, 1, 1))
    assert codes(refused.value) == ["ends-before-it-begins"]


def test_whoever_is_deactivated_is_signed_out_and_stays_out_until_reactivated(city: City) -> None:
    token, key = signed_in(city, "planner"), city.people["planner"]
    accounts.invite(city.as_("administrator"), "planner")

    accounts.deactivate(city.as_("administrator"), key, "示例：离职")

    with pytest.raises(NotSignedIn):
        accounts.identify(city.session, city.now, Credentials(token))
    with pytest.raises(NotSignedIn):
        accounts.sign_in(city.nobody(), "planner", PASSWORD)
    accounts.deactivate(city.as_("administrator"), key, "示例：离职")
    accounts.reactivate(city.as_("administrator"), key, "示例：返岗")
    assert held(city, accounts.sign_in(city.nobody(), "planner", PASSWORD)[0]) == [Role.PLANNER]
    told = city.session.scalars(sa.select(Event.kind).where(Event.kind.like("person.%activate")).order_by(Event.seq))
    assert list(told) == ["person.deactivate", "person.reactivate"]


def test_nobody_deactivates_themselves_or_without_a_reason(city: City) -> None:
    admin = city.as_("administrator")
    for key, reason, code in ((city.people["administrator"], "示例", "own-account"),
                              (city.people["planner"], " ", "reason-missing")):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            accounts.deactivate(admin, key, reason)
        assert codes(refused.value) == [code]


def test_another_citys_administrator_does_not_deactivate_ours(session: Session) -> None:
    sitting = make_confirmed(session)
    add_other_city(sitting)
    bureau = session.scalars(sa.select(Organisation.id).where(Organisation.code == OTHER_CITY)).one()
    sitting.city.people["other-admin"] = make_person(session, login="other-admin", roles={Role.ADMINISTRATOR: bureau})
    with pytest.raises(NotYou):
        accounts.deactivate(sitting.city.as_("other-admin"), sitting.city.people["planner"], "示例")


def test_a_person_without_a_password_is_on_record_and_sets_one_by_invitation(city: City) -> None:
    admin = city.as_("administrator")
    accounts.create_person(admin, "new-person", "示例新人")
    with pytest.raises(NotSignedIn):
        accounts.sign_in(city.nobody(), "new-person", "")
    code, _ = accounts.invite(admin, "new-person")
    accounts.set_password(city.nobody(), code, PASSWORD)
    assert accounts.sign_in(city.nobody(), "new-person", PASSWORD)[0]


# --- machines and the recused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(HELD_BY_PEOPLE))
def test_a_machine_is_not_given_a_role_by_which_people_decide(city: City, role: Role) -> None:
    key, _ = accounts.create_key(city.as_("administrator"), "示例系统")
    at = {"school_head": city.schools["one"], "county_verifier": city.organisations["county:371402"]}
    with pytest.raises(Invalid) as refused:
        accounts.grant_role(city.as_("administrator"), role, at.get(role, city.organisations[f"bureau:{CITY}"]),
                            valid_from=city.as_("administrator").today, api_key_id=key.id)  # fmt: skip
    assert codes(refused.value) == ["role-of-people"]


def test_a_key_that_holds_the_approvers_role_confirms_nothing(session: Session) -> None:
    sitting = make_confirmed(session)
    approver = sitting.as_("bureau-approver")
    key = session.merge(ApiKey(label="示例", secret_hash="x", valid_from=approver.today))
    session.flush()
    machine = replace(approver, actor=Actor(key_id=str(key.id), grants=approver.actor.grants))
    number = session.scalars(sa.text("SELECT max(id) FROM publication")).one()
    with pytest.raises(NotYou) as refused:
        ratings.confirm(machine, number, "示例〔2026〕1号")
    assert codes(refused.value) == ["person-needed"]


def test_the_recused_do_not_learn_that_something_followed_from_an_appeal(session: Session) -> None:
    sitting = make_confirmed(session)
    employ(sitting, "auditor", school="two")
    overturn(sitting, "two-a", "green")
    found = sa.select(Event.kind).where(Event.kind == "appeal.follow_ups")
    assert session.scalars(found.where(feed.visible(sitting.as_("auditor")))).all() == []
    assert session.scalars(found.where(feed.visible(sitting.as_("secretary")))).all() == ["appeal.follow_ups"]


def test_a_role_of_people_that_a_key_got_once_gives_it_nothing(city: City) -> None:
    key, secret = accounts.create_key(city.as_("administrator"), "示例系统")
    for role in (Role.PLANNER, Role.AUDITOR):
        city.session.add(RoleGrant(api_key_id=key.id, role=role.value, valid_from=date(2020, 1, 1), deputy=False,
                                   organisation_id=city.organisations[f"bureau:{CITY}"]))  # fmt: skip
    city.session.flush()
    assert held(city, secret) == [Role.AUDITOR]


def test_whoever_is_deactivated_is_not_asked_to_score(city: City) -> None:
    reviews = open_round(city, make_cycle(city, policy=POLICY))
    verified(city, reviews["two-a"], "two-a")
    accounts.deactivate(city.as_("administrator"), city.people["expert-1"], "示例：离职")
    with pytest.raises(Refusal) as refused:
        panel.invite(city.as_("secretary"), reviews["two-a"], [city.people["expert-1"], city.people["expert-2"]])
    assert codes(refused.value) == ["not-an-expert"]
