"""One specialty's status is a set of one: asked alone or with all, it is the same bytes."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_rights import World, make_world
from specialty_eval.actions import status, statuses
from specialty_eval.api import status_bytes
from specialty_eval.api.shapes import StatusAnswer
from specialty_eval.store.registry import Specialty, SpecialtyCode


@pytest.fixture
def world(session: Session) -> World:
    return make_world(session)


def test_of_a_rich_world_each_status_alone_is_as_with_all(world: World) -> None:
    ctx = world.city.nobody()
    every = list(statuses.of_all(ctx))

    assert {told.status.code for told in every} > set(world.city.codes.values())
    for told in every:
        alone = status.of(ctx, told.status.code)
        assert alone == told.status
        assert status_bytes.encoded(alone, 410 if told.is_closed else 200) == status_bytes.ready(told)


def test_the_world_has_what_can_be_told(world: World) -> None:
    told = [one.status for one in statuses.of_all(world.city.nobody())]

    assert {"objection", "appeal", "correction"} & {word for one in told for word in one.under}
    assert {one.provisional for one in told} >= {None, "red"}
    assert {one.rating for one in told} >= {None, "red"}


def test_the_bytes_are_those_of_the_described_answer(world: World) -> None:
    for told in statuses.of_all(world.city.nobody()):
        before, after, _, _ = status_bytes.ready(told)
        whole = before + status_bytes.moment(told.status.valid_at, told.status.known_at) + after
        described = StatusAnswer.model_validate(told.status, from_attributes=True).model_dump_json()
        assert whole.decode() == described


def test_a_fraction_of_a_second_is_told_as_the_description_tells_it(world: World) -> None:
    ctx = world.city.nobody()
    ctx.now += timedelta(microseconds=120)
    told = next(statuses.of_all(ctx))
    described = StatusAnswer.model_validate(told.status, from_attributes=True).model_dump_json()
    assert status_bytes.moment(told.status.valid_at, told.status.known_at).decode() in described


def test_codes_name_a_specialty_now_and_before(world: World) -> None:
    session, code = world.sitting.session, world.city.codes["scored"]
    key = session.scalars(sa.select(SpecialtyCode.specialty_id).where(SpecialtyCode.code == code)).one()
    day = world.city.nobody().today
    session.execute(sa.update(SpecialtyCode).where(SpecialtyCode.code == code).values(valid_to=day))
    session.add(SpecialtyCode(code="3637000002-999999", specialty_id=key, valid_from=day))
    session.flush()

    found = statuses.named(world.city.nobody(), [code, "3637000002-999999", "nobody-has-this"])

    assert set(found) == {code, "3637000002-999999"}
    assert {told.id for told in found.values()} == {key}
    assert found[code].status.code == "3637000002-999999"
    assert found[code].before == (code,)


def test_the_next_day_that_changes_a_status_is_known(world: World) -> None:
    ctx = world.city.nobody()
    code, ahead = world.city.codes["scored"], ctx.today + timedelta(days=9)
    key = world.sitting.session.scalars(sa.select(SpecialtyCode.specialty_id).where(SpecialtyCode.code == code)).one()
    world.sitting.session.execute(sa.update(Specialty).where(Specialty.id == key).values(closed_on=ahead))

    (told,) = statuses.of_ids(ctx, [key])
    assert (told.is_closed, told.turns) == (False, ahead)
    ctx.now += timedelta(days=9)
    (told,) = statuses.of_ids(ctx, [key])
    assert (told.is_closed, told.turns) == (True, None)


@pytest.mark.parametrize("known", ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a"', "*"])
def test_a_tag_is_known_alone_in_a_list_weak_and_by_the_star(known: str) -> None:
    assert status_bytes.is_known('"a"', known)


@pytest.mark.parametrize("known", [None, "", '"b"', "a", 'W/"b", "c"'])
def test_another_tag_is_not_known(known: str | None) -> None:
    assert not status_bytes.is_known('"a"', known)
