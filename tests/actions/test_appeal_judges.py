"""Who judges an appeal: nobody who decided what it is against, not even whether it is heard."""

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import appeal_heard, events, make_confirmed
from factories_deliberation import nothing_left, refused
from specialty_eval.actions import appeals, ratings
from specialty_eval.engine.errors import Invalid, NotFound, NotNow
from specialty_eval.engine.roles import Role
from specialty_eval.store.accounts import RoleGrant


@pytest.mark.parametrize("act", ["admit", "rule_out"])
def test_who_voted_neither_admits_an_appeal_nor_rules_it_out(session: Session, act: str) -> None:
    s = make_confirmed(session)
    bureau = s.city.organisations["bureau:371400"]
    session.add(RoleGrant(person_id=s.city.people["industry-1"], role=Role.APPEAL_PANEL_MEMBER.value,
                          organisation_id=bureau, valid_from=date(2020, 1, 1), deputy=False))  # fmt: skip
    session.flush()
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    key = appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例：未考虑特殊情况").id

    def judge(who: str) -> object:
        if act == "admit":
            return appeals.admit(s.as_(who), key, [s.city.people["appeal-1"]])
        return appeals.rule_out(s.as_(who), key, "示例：不属于申诉范围")

    with nothing_left(session):
        assert refused(NotNow, lambda: judge("industry-1")) == [("decided-the-first-time", "members")]
    judge("appeal-2")
    assert appeals.read(s.as_("bureau-approver"), key).state == {"admit": "admitted", "rule_out": "inadmissible"}[act]


def test_a_panel_that_left_office_is_joined_by_others_who_hear_the_school_anew(session: Session) -> None:
    s = make_confirmed(session)
    key, people = appeal_heard(s, "two-a"), s.city.people
    session.execute(sa.delete(RoleGrant).where(RoleGrant.person_id.in_([people["appeal-1"], people["appeal-2"]])))
    bureau = s.city.organisations["bureau:371400"]
    session.add(RoleGrant(person_id=people["research-1"], role=Role.APPEAL_PANEL_MEMBER.value, deputy=False,
                          organisation_id=bureau, valid_from=date(2020, 1, 1)))  # fmt: skip
    session.flush()
    assert refused(NotFound, lambda: appeals.reject(s.as_("appeal-1"), key, "示例"))

    def add(*panel: str, reason: str = "示例：原成员离任") -> object:
        return appeals.add_panelists(s.as_("bureau-approver"), key, [people[one] for one in panel], reason)

    with nothing_left(session):
        assert refused(Invalid, lambda: add("research-1", "head-two", "appeal-3")) == [
            ("not-on-the-appeal-panel", f"panel.{people['head-two']}"),
            ("decided-the-first-time", f"panel.{people['research-1']}"),
        ]
        assert refused(Invalid, lambda: add("appeal-1")) == [("appeal-panel-empty", "panel")]
        assert refused(NotNow, lambda: add("appeal-3", reason=" ")) == [("reason-missing", "reason")]
    add("appeal-3")

    [event] = events(s, "appeal.add_panelists")
    assert (event.reason, event.facts) == ("示例：原成员离任", {"panel": 1})
    appeals.hear(s.as_("appeal-3"), key)
    assert appeals.reject(s.as_("appeal-3"), key, "示例：原结果有据").state == "rejected"
