"""An appeal that leaves the colour as it was leaves what is being mended going; another colour ends it."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import make_confirmed, on, overturn
from factories_deliberation import Sitting
from specialty_eval.actions import rectifications
from specialty_eval.actions.rectifications import Milestone
from specialty_eval.store.outcomes import Rectification


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_confirmed(session, {"two-a": "yellow"})


def of(s: Sitting) -> list[Rectification]:
    found = sa.select(Rectification).where(Rectification.specialty_id == s.city.specialties["two-a"])
    return list(s.session.scalars(found.order_by(Rectification.id), execution_options={"populate_existing": True}))


def in_progress(s: Sitting) -> Rectification:
    (row,) = of(s)
    day = on(s, 2026, 5, 6).city.now.date()
    rectifications.hand_in(s.as_("head-two"), row.id, "示例整改方案", [Milestone("示例", day)])
    return rectifications.start(s.as_("bureau-verifier"), row.id)


def test_the_same_colour_keeps_the_plan_and_its_days(s: Sitting) -> None:
    before = in_progress(s)
    recheck_from, first = before.recheck_from, before.review_id

    overturn(s, "two-a", "yellow")

    (row,) = of(s)
    assert (row.state, row.recheck_from, row.review_id != first) == ("in_progress", recheck_from, True)


def test_another_colour_ends_it(s: Sitting) -> None:
    in_progress(s)

    overturn(s, "two-a", "red")

    assert [(row.state, row.rating) for row in of(s)] == [("superseded", "yellow"), ("due", "red")]
