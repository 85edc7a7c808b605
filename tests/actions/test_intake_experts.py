"""Loading the pool with the people."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City
from factories_deliberation import refused
from factories_experts import make_pool
from specialty_eval.actions import intake, panel
from specialty_eval.actions.intake import CSV, Imported
from specialty_eval.engine.errors import Invalid
from specialty_eval.store.deliberation import ExpertAssignment
from specialty_eval.store.experts import Expert, ExpertTie

HEAD = "login,name,role,organisation_kind,organisation_code,valid_from,expert_fields,expert_at_most,former_employers\n"
LINE = "wen,示例文,expert,bureau,371400,2026-01-01,71、6601,9,示例职业学校one、示例旧企业\n"


@pytest.fixture
def city(session: Session) -> City:
    return make_pool(session, {})


def load(city: City, text: str) -> Imported:
    return intake.load(city.as_("administrator"), "people", (HEAD + text).encode(), CSV)


def test_experts_come_with_fields_a_limit_and_former_employers(city: City) -> None:
    assert load(city, LINE) == Imported("people", 1, 1, 0, 0, False)

    [place] = city.session.execute(sa.select(Expert.fields, Expert.at_most, Expert.valid_to))
    ties = city.session.execute(sa.select(ExpertTie.school_id, ExpertTie.enterprise).order_by(ExpertTie.enterprise))
    assert tuple(place) == (["6601", "71"], 9, None)
    assert list(map(tuple, ties)) == [(city.schools["one"], ""), (None, "示例旧企业")]


def test_the_same_again_changes_nothing_and_a_file_only_ever_adds_ties(city: City) -> None:
    load(city, LINE)
    assert load(city, LINE).unchanged == 1
    assert load(city, LINE.replace("9,", ",")).changed == 1
    assert load(city, LINE.replace("9,", ",").replace("示例旧企业", "示例新企业")).changed == 1
    assert city.session.scalar(sa.select(sa.func.count()).select_from(ExpertTie)) == 3


def test_what_is_wrong_is_told(city: City) -> None:
    wrong = (
        "qin,示例秦,expert,bureau,371400,2026-01-01,7,,\n"
        "qin,示例秦,site_visitor,bureau,371400,2026-01-01,71,,\n"
        "han,示例韩,expert,bureau,371400,2026-01-01,,3,\n"
    )

    said = refused(Invalid, lambda: load(city, wrong))

    assert [code for code, _ in said] == ["expert-field-unknown", "fields-without-role", "fields-missing"]


def test_a_former_employer_that_a_file_tells_replaces_who_was_asked_there(city: City) -> None:
    load(city, LINE.replace("示例职业学校one、", ""))
    person = city.session.scalars(sa.select(Expert.person_id)).one()
    panel.invite(city.as_("secretary"), city.reviews["one-a"], [person])

    load(city, LINE)

    assert city.session.scalars(sa.select(ExpertAssignment.state)).all() == ["replaced"]
