"""A small fictional city in the database: plain functions, keyword-only, no surprises. Names are plainly invented.

States are reached by the actions themselves, so that no fixture describes an impossible world.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import sqlalchemy as sa
from sqlalchemy.orm import Session

from remembered import remembered
from specialty_eval import policies
from specialty_eval.actions import accounts, cycles, rounds
from specialty_eval.actions.context import Context
from specialty_eval.engine.cycle import CycleEvent, RoundEvent
from specialty_eval.engine.permissions import Actor, Role
from specialty_eval.store.accounts import Person, RoleGrant
from specialty_eval.store.cycles import Round
from specialty_eval.store.files import Files
from specialty_eval.store.registry import (
    CatalogueEdition,
    CatalogueEntry,
    Jurisdiction,
    Organisation,
    School,
    Specialty,
    SpecialtyCode,
)
from specialty_eval.store.reviews import Review

CITY, COUNTY, OTHER_COUNTY = "371400", "371402", "371403"
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Monday morning, nine o'clock in Dezhou."""
PASSWORD = "示例密码-0000"


@dataclass
class City:
    """The ids of a small city: people by role, schools and specialties by a short name."""

    session: Session
    now: datetime = START
    organisations: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    schools: dict[str, int] = field(default_factory=dict)
    specialties: dict[str, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    reviews: dict[str, int] = field(default_factory=dict)
    files: Files = field(default_factory=lambda: Files(Path(mkdtemp(prefix="specialty-eval-files-"))))

    def as_(self, who: str) -> Context:
        """A context in which this person acts now, with the grants it holds now."""
        grants = self.session.execute(
            sa.select(
                RoleGrant.role, RoleGrant.organisation_id, Organisation.kind, Organisation.code,
                Organisation.jurisdiction_code, RoleGrant.valid_from, RoleGrant.valid_to, RoleGrant.deputy,
            )
            .join(Organisation, Organisation.id == RoleGrant.organisation_id)
            .where(RoleGrant.person_id == self.people[who], RoleGrant.ended_at.is_(None))
        )  # fmt: skip
        actor = Actor(person_id=str(self.people[who]), grants=tuple(accounts.grant_of(row) for row in grants))
        return Context(session=self.session, actor=actor, now=self.now, files=self.files)

    def clock(self) -> Context:
        """A context in which the clock acts."""
        return Context(session=self.session, actor=Actor(is_system=True), now=self.now, files=self.files)

    def nobody(self) -> Context:
        """A context without a caller."""
        return Context(session=self.session, actor=Actor(), now=self.now, files=self.files)

    def wait(self, days: int) -> None:
        """Let time pass."""
        self.now += timedelta(days=days)


@remembered
def make_city(session: Session) -> City:
    """Two counties, three schools (the third run by the city), four specialties, one person a role."""
    city = City(session)
    _areas(session)
    for kind, code, name, area in (
        ("bureau", CITY, "示例市教育局", CITY),
        ("county", COUNTY, "示例一区教育局", COUNTY),
        ("county", OTHER_COUNTY, "示例二区教育局", OTHER_COUNTY),
        ("department", "hrss", "示例市人社局", CITY),
        ("department", "iit", "示例市工信局", CITY),
        ("third_party", "survey", "示例调查机构", CITY),
    ):
        city.organisations[f"{kind}:{code}"] = make_organisation(session, kind=kind, code=code, name=name, area=area)
    for short, code, area, run_by in (
        ("one", "3637000001", COUNTY, "county"),
        ("two", "3637000002", OTHER_COUNTY, "county"),
        ("city", "3637000003", CITY, "city"),
    ):
        city.schools[short] = make_school(session, code=code, name=f"示例职业学校{short}", area=area, run_by=run_by)
    entries = _catalogue(session)
    for short, school, entry in (
        ("one-a", "one", "710201"), ("one-b", "one", "660103"),
        ("two-a", "two", "710201"), ("city-a", "city", "710201"),
    ):  # fmt: skip
        city.specialties[short], city.codes[short] = make_specialty(
            session, school_id=city.schools[school], entry=entries[entry]
        )
    _people(city)
    return city


def _areas(session: Session) -> None:
    session.add(Jurisdiction(code="370000", name="示例省", kind="province", parent_code=None))
    session.flush()
    session.add(Jurisdiction(code=CITY, name="示例市", kind="city", parent_code="370000"))
    session.flush()
    for code, name in ((COUNTY, "示例一区"), (OTHER_COUNTY, "示例二区")):
        session.add(Jurisdiction(code=code, name=name, kind="county", parent_code=CITY))
    session.flush()


def _catalogue(session: Session) -> dict[str, CatalogueEntry]:
    edition = CatalogueEdition(code="2025-12", title="示例目录", source="test", loaded_at=START)
    session.add(edition)
    session.flush()
    made = {
        code: CatalogueEntry(edition_id=edition.id, code=code, name=name, level="secondary", class_code=code[:2],
                             class_name=area, subclass_code=code[:4], subclass_name=area, state_controlled=False,
                             first_in="2021")
        for code, name, area in (("710201", "计算机应用", "电子与信息大类"), ("660103", "数控技术应用", "装备制造大类"))
    }  # fmt: skip
    session.add_all(made.values())
    session.flush()
    return made


def make_organisation(session: Session, *, kind: str, code: str, name: str, area: str) -> int:
    """An organisation; its id."""
    row = Organisation(kind=kind, code=code, name=name, jurisdiction_code=area)
    session.add(row)
    session.flush()
    return row.id


def make_school(session: Session, *, code: str, name: str, area: str, run_by: str = "county") -> int:
    """A secondary school; its id (of its organisation too)."""
    key = make_organisation(session, kind="school", code=code, name=name, area=area)
    session.add(School(id=key, code=code, scheme="education", name=name, kind="secondary", run_by=run_by,
                       jurisdiction_code=area, city_code=CITY))  # fmt: skip
    session.flush()
    return key


def make_specialty(
    session: Session, *, school_id: int, entry: CatalogueEntry, opened_on: date = date(2015, 9, 1)
) -> tuple[int, str]:
    """A catalogue entry taught at a school: its id and its readable code."""
    school = session.get_one(School, school_id)
    row = Specialty(school_id=school_id, catalogue_entry_id=entry.id, catalogue_code=entry.code, direction="",
                    name=entry.name, level=entry.level, class_code=entry.class_code, class_name=entry.class_name,
                    partner="", opened_on=opened_on)  # fmt: skip
    session.add(row)
    session.flush()
    code = f"{school.code}-{entry.code}"
    session.add(SpecialtyCode(code=code, specialty_id=row.id, valid_from=opened_on))
    session.flush()
    return row.id, code


def make_person(
    session: Session, *, login: str, roles: dict[Role, int] | None = None, employer_id: int | None = None
) -> int:
    """A person holding these roles at these organisations since 2020; the id. Nobody can sign in as them."""
    person = Person(login=login, name=f"示例{login}", contact="", password_hash="!", employer_id=employer_id,
                    employer_name="", active=True)  # fmt: skip
    session.add(person)
    session.flush()
    for role, organisation_id in (roles or {}).items():
        session.add(RoleGrant(person_id=person.id, role=role.value, organisation_id=organisation_id,
                              valid_from=date(2020, 1, 1), deputy=False))  # fmt: skip
    session.flush()
    return person.id


def _people(city: City) -> None:
    at = city.organisations
    bureau = at[f"bureau:{CITY}"]
    holders: dict[str, dict[Role, int]] = {
        "editor-one": {Role.SCHOOL_EDITOR: city.schools["one"]},
        "head-one": {Role.SCHOOL_HEAD: city.schools["one"]},
        "head-two": {Role.SCHOOL_HEAD: city.schools["two"]},
        "head-city": {Role.SCHOOL_HEAD: city.schools["city"]},
        "county-one": {Role.COUNTY_VERIFIER: at[f"county:{COUNTY}"]},
        "county-two": {Role.COUNTY_VERIFIER: at[f"county:{OTHER_COUNTY}"]},
        "hrss": {Role.DEPARTMENT_SUPPLIER: at["department:hrss"]},
        "iit": {Role.DEPARTMENT_SUPPLIER: at["department:iit"]},
        "survey": {Role.THIRD_PARTY_SUPPLIER: at["third_party:survey"]},
        "nobody": {},
    }
    for role in (Role.BUREAU_VERIFIER, Role.SECRETARY, Role.BUREAU_APPROVER, Role.PLANNER, Role.AUDITOR,
                 Role.ADMINISTRATOR, Role.POLICY_EDITOR, Role.CHAIR, Role.SITE_VISITOR):  # fmt: skip
        holders[role.value.replace("_", "-")] = {role: bureau}
    for n in (1, 2, 3):
        holders[f"expert-{n}"] = {Role.EXPERT: bureau}
        holders[f"appeal-{n}"] = {Role.APPEAL_PANEL_MEMBER: bureau}
    for login, roles in holders.items():
        city.people[login] = make_person(city.session, login=login, roles=roles)


def make_cycle(city: City, *, policy: str | None = None, year: int = 2026) -> int:
    """A running cycle of one round with every specialty in it, pinned to a policy text; the round's id."""
    text = policy if policy is not None else policies.text("dezhou")
    row, _ = cycles.import_policy(city.as_("policy-editor"), text)
    new = cycles.NewRound(year, year - 1, date(year, 1, 1), row.policy_id, row.policy_version)
    made = cycles.create(
        city.as_("secretary"),
        cycles.NewCycle(f"cycle-{year}", "示例周期", CITY, ["secondary"], ["secondary"], [new]),
    )
    cycles.place(city.as_("secretary"), made.id, dict.fromkeys(city.codes.values(), 1))
    cycles.move(city.as_("secretary"), made.id, CycleEvent.START)
    return city.session.scalars(sa.select(Round.id).where(Round.cycle_id == made.id)).one()


def open_round(city: City, round_id: int) -> dict[str, int]:
    """Open collecting; specialty short name → review id."""
    rounds.move(city.as_("secretary"), round_id, RoundEvent.COLLECT)
    by_specialty = {
        specialty: key
        for key, specialty in city.session.execute(
            sa.select(Review.id, Review.specialty_id).where(Review.round_id == round_id)
        )
    }
    return {short: by_specialty[key] for short, key in city.specialties.items()}
