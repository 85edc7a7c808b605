"""Another city in the same installation, whose people have no business here."""

from factories import City, make_organisation, make_person, make_school
from specialty_eval.actions.context import Context
from specialty_eval.engine.permissions import Role
from specialty_eval.store.registry import Jurisdiction

ELSEWHERE = "371500"
OFFICES = (
    Role.BUREAU_VERIFIER, Role.SECRETARY, Role.BUREAU_APPROVER, Role.PLANNER, Role.AUDITOR, Role.ADMINISTRATOR,
    Role.POLICY_EDITOR, Role.CHAIR, Role.EXPERT, Role.COMMITTEE_MEMBER, Role.APPEAL_PANEL_MEMBER,
)  # fmt: skip


def other_city(city: City) -> Context:
    """A bureau, a county and a school elsewhere; somebody ("stranger") who holds every role of that bureau acts."""
    session = city.session
    session.add(Jurisdiction(code=ELSEWHERE, name="示例别市", kind="city", parent_code="370000"))
    session.flush()
    bureau = make_organisation(session, kind="bureau", code=ELSEWHERE, name="示例别市教育局", area=ELSEWHERE)
    city.organisations[f"bureau:{ELSEWHERE}"] = bureau
    city.schools["elsewhere"] = make_school(session, code="3637150001", name="示例别市职校", area=ELSEWHERE)
    city.people["stranger"] = make_person(session, login="stranger", roles=dict.fromkeys(OFFICES, bureau))
    head = {Role.SCHOOL_HEAD: city.schools["elsewhere"]}
    city.people["head-elsewhere"] = make_person(session, login="head-elsewhere", roles=head)
    return city.as_("stranger")
