"""What an event says, and to whom: no interest's particulars, every item its own specialty; a school's own auditor."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_person
from factories_deliberation import close_item, convene, decide, make_convened, make_decided, make_scored
from factories_scored import make_computed
from small_policy import POLICY
from specialty_eval.actions import challenges, conflicts, meeting_views, previews
from specialty_eval.engine.errors import NotFound, NotNow
from specialty_eval.engine.permissions import Role
from specialty_eval.store.ledger import Event
from specialty_eval.store.reviews import Review


def test_whose_interest_it_was_stays_sealed_with_the_item(session: Session) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.attend("industry-2", "research-2")
    green = dict.fromkeys(("enterprise-1", "enterprise-2", "chair", "deputy-chair"), "green")
    s.vote("one-a", {"industry-1": "yellow", "research-1": "yellow", **green}, reason="示例理由")
    close_item(s.as_("chair"), s.items["one-a"], reason="示例理由")

    conflicts.conflict(s.as_("chair"), s.items["one-a"], s.members["enterprise-1"], "其亲属示例李四在该校任教")

    named = sa.select(Event.kind, Event.audience).where(Event.reason.contains("李四"))
    assert [tuple(row) for row in session.execute(named)] == [("item.conflict", "sealed")]
    assert s.item("one-a").state == "voided"


def test_items_opened_and_agreed_as_a_set_each_say_whose_they_are(session: Session) -> None:
    s = make_decided(session, {"one-a": "yellow", "two-a": "green"})

    said = sa.select(Event.kind, Event.specialty_id).where(Event.kind.in_(["item.open", "item.close"]))
    owners = {s.city.specialties["one-a"], s.city.specialties["two-a"]}
    found: dict[str, set[int | None]] = {}
    for kind, specialty in session.execute(said):
        found.setdefault(kind, set()).add(specialty)
    assert [whose for whose in found.values() if whose != owners] == []
    assert sorted(found) == ["item.close", "item.open"]


def test_a_schools_own_auditor_learns_a_rating_no_sooner_than_the_school(session: Session) -> None:
    s = make_scored(session, {"one-a": "yellow"})
    s.city.people["audit-one"] = make_person(session, login="audit-one", roles={Role.AUDITOR: s.city.schools["one"]})
    session.execute(sa.update(Review).where(Review.id == s.reviews["one-a"]).values(sheet_opened_at=s.city.now))

    session.expire_all()
    assert "rating" not in challenges.read_sheet(s.as_("audit-one"), s.reviews["one-a"])
    assert challenges.read_sheet(s.as_("auditor"), s.reviews["one-a"])["rating"] == "yellow"
    decide(s)
    with pytest.raises(NotNow):
        previews.decision_view(s.as_("audit-one"), s.reviews["one-a"])
    assert previews.decision_view(s.as_("auditor"), s.reviews["one-a"])["rating"] == "yellow"


def test_a_schools_own_auditor_sees_what_its_head_sees_and_no_more(session: Session) -> None:
    restricted = POLICY.replace('supplier: "department:hrss"}', 'supplier: "department:hrss", publish: restricted}')
    assert restricted != POLICY
    s = make_computed(session, {"two-a": "70"}, policy=restricted)
    s.city.people["audit-two"] = make_person(session, login="audit-two", roles={Role.AUDITOR: s.city.schools["two"]})
    opened = challenges.open_sheet(s.as_("head-two"), s.reviews["two-a"])

    read = challenges.read_sheet(s.as_("audit-two"), s.reviews["two-a"])
    assert read == opened
    assert read != challenges.read_sheet(s.as_("auditor"), s.reviews["two-a"])
    convene(s)
    with pytest.raises(NotFound):
        meeting_views.ballots(s.as_("audit-two"), s.items["two-a"])
