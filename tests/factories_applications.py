"""A city whose policy limits openings and whose negative list of 2027 is out, and applications as a test wants them."""

from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import BITES, make_confirmed
from factories_deliberation import REGULAR, Sitting
from remembered import remembered
from specialty_eval.actions import application_decisions, applications, closings, lists
from specialty_eval.actions.applications import NewApplication
from specialty_eval.actions.motions import Minutes, Word
from specialty_eval.engine import opening
from specialty_eval.engine.lists import ListKind
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.store import scopes
from specialty_eval.store.applications import Application
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.registry import CatalogueEdition, CatalogueEntry

LIMITS = (
    BITES
    + """\
opening:
  - {code: net-growth, count: net_openings_of_year, at_most: 1, label: {zh: 净增不超过1个, en: net growth of one}}
  - {code: teachers, count: midlevel_teachers, at_least: 2}
"""
)
ONE, TWO = "3637000001", "3637000002"
OPENS = date(2027, 9, 1)
FREE, CONTROLLED, DENSE = "720301", "720303", "710201"
"""Of nobody yet; of nobody and the state's to control; too dense by the negative list."""


@remembered
def make_applying(session: Session) -> Sitting:
    """The confirmed round's city, with further entries of the catalogue and the negative list of 2027 published."""
    sitting = make_confirmed(session, policy=LIMITS)
    publish_list(sitting)
    edition = session.scalars(sa.select(CatalogueEdition.id)).one()
    for code, name, controlled in ((FREE, "护理", False), (CONTROLLED, "助产", True)):
        session.add(CatalogueEntry(edition_id=edition, code=code, name=name, level="secondary", class_code="72",
                                   class_name="医药卫生大类", subclass_code="7203", subclass_name="护理类",
                                   state_controlled=controlled, first_in="2021"))  # fmt: skip
    session.flush()
    return sitting


def publish_list(sitting: Sitting, kind: ListKind = ListKind.NEGATIVE, year: int = 2027) -> int:
    """The round's list as the policy has it now, in force for that year."""
    row = lists.build(sitting.as_("secretary"), sitting.round_id, kind)
    lists.approve(sitting.as_("bureau-approver"), row.id, f"示例专〔2026〕{row.id}号", row.digest)
    return lists.publish(sitting.as_("secretary"), row.id, year).id


def wanted(code: str = FREE, **said: Any) -> NewApplication:
    """The first school wants to open this entry, with enough teachers."""
    usual: dict[str, Any] = {"school": ONE, "grounds": "示例：产业需要", "effective_on": OPENS}
    if said.get("kind", ApplicationKind.OPEN) in opening.OPENS:
        usual["midlevel_teachers"] = 3
    return NewApplication(**{"kind": ApplicationKind.OPEN, "catalogue_code": code, **usual, **said})


def off_catalogue(**said: Any) -> NewApplication:
    """One outside the catalogue, with an enterprise's agreement."""
    usual: dict[str, Any] = {
        "kind": ApplicationKind.OFF_CATALOGUE, "name": "示例低空运维", "level": "secondary", "class_code": "70",
        "class_name": "示例大类", "partner": "示例航空公司", "agreement": "示例协议〔2026〕3号", "department": "iit",
    }  # fmt: skip
    return wanted("", **{**usual, **said})


def received(s: Sitting, new: NewApplication | None = None, who: str = "head-one") -> Application:
    return applications.lodge(s.as_(who), new or wanted())


def checked(s: Sitting, new: NewApplication | None = None, who: str = "head-one") -> Application:
    return applications.check(s.as_("secretary"), received(s, new, who).id)


def concluded(s: Sitting, new: NewApplication | None = None, who: str = "head-one") -> Application:
    return applications.conclude(s.as_("secretary"), checked(s, new, who).id)


def deliberated(s: Sitting, new: NewApplication | None = None, who: str = "head-one") -> Application:
    return applications.refer(s.as_("secretary"), concluded(s, new, who).id)


def minutes(s: Sitting, votes: str = "+", *absent: str, **said: Any) -> Minutes:
    """Every regular member but the absent says no interest and votes alike, or as the signs say one after another."""
    choice = {"+": "for", "-": "against", "0": "abstain"}
    here = [login for login, _ in REGULAR if login not in absent]
    signs = votes * len(here) if len(votes) == 1 else votes
    words = [Word(s.members[login], False, choice[sign]) for login, sign in zip(here, signs, strict=True)]
    usual: dict[str, Any] = {"held_on": s.as_("secretary").today, "minutes_number": "示例纪要〔2026〕5号", "waived": {}}
    return Minutes(**{**usual, "words": words, **said})


def closing_decided(s: Sitting, key: int, decision: str = "close", document: str = "示例委〔2026〕5号",
                    reason: str = "示例：逾期未报整改方案") -> ClosingProposal:  # fmt: skip
    """All of the committee but the recused vote to close (or not to), and that is put on record."""
    about = s.session.get_one(ClosingProposal, key).specialty_id
    tied = scopes.recused_people_of_specialty(s.session, s.city.people.values(), about)
    aside = {s.members[login] for login, _ in REGULAR if s.city.people[login] in tied}
    words = minutes(s, "+" if decision == "close" else "-").words
    words = [replace(word, vote=None) if word.member in aside else word for word in words]
    closings.vote(s.as_("secretary"), key, minutes(s, words=words))
    return closings.decide(s.as_("secretary"), key, decision, document, reason)


def voted(s: Sitting, new: NewApplication | None = None, votes: str = "+", who: str = "head-one") -> Application:
    row = deliberated(s, new, who)
    return application_decisions.vote(s.as_("secretary"), row.id, minutes(s, votes))


def registered(s: Sitting, new: NewApplication | None = None, who: str = "head-one") -> Application:
    return application_decisions.register(s.as_("bureau-approver"), voted(s, new, who=who).id, "示例批〔2026〕7号")
