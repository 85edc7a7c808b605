"""Files of one city's administrator leave another city's people, areas and catalogue as they are."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_organisation, make_person
from remembered import remembered_fixture
from specialty_eval.actions import intake
from specialty_eval.actions.context import Context
from specialty_eval.actions.intake import CSV, Imported
from specialty_eval.engine.errors import Invalid
from specialty_eval.engine.permissions import Role
from specialty_eval.store.accounts import Person, RoleGrant
from specialty_eval.store.registry import Jurisdiction

OTHER = "371500"
PEOPLE = "login,name,contact,employer_code,password,role,organisation_kind,organisation_code,valid_from\n"
AREAS = "code,name,kind,parent_code\n"


@remembered_fixture
def city(session: Session) -> City:
    """Our city, and the bureau of another with an administrator of its own; `planner` is employed at a school."""
    city = make_city(session)
    session.add(Jurisdiction(code=OTHER, name="示例二市", kind="city", parent_code="370000"))
    session.flush()
    bureau = make_organisation(session, kind="bureau", code=OTHER, name="示例二市教育局", area=OTHER)
    city.people["other"] = make_person(session, login="other", roles={Role.ADMINISTRATOR: bureau})
    session.get_one(Person, city.people["planner"]).employer_id = city.schools["one"]
    session.flush()
    return city


def load(ctx: Context, kind: str, text: str, **given: str) -> Imported:
    return intake.load(ctx, kind, text.encode(), CSV, **given)  # type: ignore[arg-type]


def refused(ctx: Context, kind: str, text: str, **given: str) -> list[tuple[str, int]]:
    with pytest.raises(Invalid) as refusal:
        load(ctx, kind, text, **given)
    return [(p.code, p.facts["row"]) for p in refusal.value.problems]  # type: ignore[misc]


def test_another_citys_administrator_changes_neither_name_nor_employer_nor_guesses_a_password(city: City) -> None:
    row = f"planner,改名,,,,auditor,bureau,{OTHER},2026-01-01\n"
    assert refused(city.as_("other"), "people", PEOPLE + row) == [("person-of-another-city", 2)]
    same = f"planner,示例planner,,3637000001,示例密码-0000,auditor,bureau,{OTHER},2026-01-01\n"
    assert refused(city.as_("other"), "people", PEOPLE + same) == [("password-not-changed-here", 2)]
    kept = city.session.get_one(Person, city.people["planner"])
    assert (kept.name, kept.employer_id) == ("示例planner", city.schools["one"])


def test_a_role_of_their_own_city_is_theirs_to_give_and_the_person_stays_as_it_is(city: City) -> None:
    row = f"planner,示例planner,,3637000001,,auditor,bureau,{OTHER},2026-01-01\n"
    assert load(city.as_("other"), "people", PEOPLE + row).new == 1
    ours = "planner,新名,,3637000001,,planner,bureau,371400,2020-01-01\n"
    assert refused(city.as_("administrator"), "people", PEOPLE + ours) == [("person-of-another-city", 2)]
    assert load(city.clock(), "people", PEOPLE + ours).changed == 1


def test_a_file_does_not_revive_a_role_that_is_over(city: City) -> None:
    grant = city.session.scalars(sa.select(RoleGrant).where(RoleGrant.person_id == city.people["planner"])).one()
    row = "planner,示例planner,,3637000001,,planner,bureau,371400,2020-01-01\n"
    assert load(city.as_("administrator"), "people", PEOPLE + row).unchanged == 1
    grant.valid_to = city.as_("administrator").today.replace(day=1)
    city.session.flush()
    assert refused(city.as_("administrator"), "people", PEOPLE + row) == [("role-over", 2)]


def test_an_area_is_added_and_renamed_in_ones_own_city_alone(city: City) -> None:
    wrong = (
        AREAS + "371400,改名市,city,370000\n370000,改名省,province,\n380000,新省,province,\n371491,新区,zone,371400\n"
    )
    assert refused(city.as_("other"), "jurisdictions", wrong) == [("outside-your-city", row) for row in (2, 3, 4, 5)]
    own = AREAS + f"{OTHER},示例新二市,city,370000\n371591,示例新区,zone,{OTHER}\n371400,示例市,city,370000\n"
    done = load(city.as_("other"), "jurisdictions", own)
    assert (done.new, done.changed, done.unchanged) == (1, 1, 1)
    assert load(city.clock(), "jurisdictions", AREAS + "370000,示例新省,province,\n").changed == 1


def test_an_entry_that_other_cities_read_is_the_operators_to_mend(city: City) -> None:
    head = "level_zh,class_code,class_zh,subclass_code,subclass_zh,code,name_zh,state_controlled,first_in\n"
    entry = ",71,电子与信息大类,7102,电子与信息大类,710201,{},0,2021\n"
    mended = head + entry.format("改名")
    assert refused(city.as_("administrator"), "catalogue", mended, edition="2025-12") == [
        ("shared-with-other-cities", 2)
    ]
    assert load(city.as_("administrator"), "catalogue", mended, edition="2026-01").new == 1
    assert load(city.clock(), "catalogue", mended, edition="2025-12").changed == 1
