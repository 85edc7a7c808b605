"""A review scored anew while it is on a list: what was declared and voted was about another sheet."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import REGULAR, close_item, convene, refused
from factories_scored import make_computed
from specialty_eval.actions import ballots, scoring
from specialty_eval.engine.errors import NotNow
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Review

EVERYBODY = [login for login, _ in REGULAR]


@pytest.mark.parametrize("how", ["a new run", "alone"])
def test_a_new_sheet_voids_the_item_and_its_ballots_decide_nothing(session: Session, how: str) -> None:
    s = convene(make_computed(session, {"one-a": "70", "two-a": "90"}))
    s.vote("one-a", dict.fromkeys(EVERYBODY, "red"), reason="示例：理由")
    voted = s.items["one-a"]

    if how == "alone":
        session.execute(sa.update(Review).where(Review.id == s.reviews["one-a"]).values(state="verified"))
        session.expire_all()
        scoring.rescore(s.as_("secretary"), s.reviews["one-a"])
    else:
        scoring.order_new_run(
            s.as_("secretary"), s.round_id, "示例：更正", go_on=dict.fromkeys(s.reviews.values(), "无专家")
        )

    assert s.item("one-a").state == "voided"
    assert s.item("two-a").state == ("open" if how == "alone" else "voided")
    said = sa.select(Event.reason, Event.actor_person_id).where(Event.kind == "item.void", Event.subject_id == voted)
    assert session.execute(said).one().reason == "该专业已重新计分，须按新的计分结果重新审议"
    assert refused(NotNow, lambda: ballots.cast(s.as_("chair"), voted, "red")) == [("step-not-open", "item")]

    s.city.wait(45)
    convene(s, reviews=[s.reviews["one-a"]])
    s.vote("one-a", dict.fromkeys(EVERYBODY, "yellow"))
    assert close_item(s.as_("secretary"), s.items["one-a"]).sheet_id == s.review("one-a").sheet_id
