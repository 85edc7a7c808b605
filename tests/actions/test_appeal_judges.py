"""Who judges an appeal: nobody who decided what it is against, not even whether it is heard."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from factories_consequences import make_confirmed
from factories_deliberation import nothing_left, refused
from specialty_eval.actions import appeals, ratings
from specialty_eval.engine.errors import NotNow
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
