"""Somebody for every role, and which of them can sign in. All invented; names say so."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from specialty_eval.engine.permissions import Role
from specialty_eval.store.accounts import SECTORS

from .city import CITY, PARTNER, City
from .story import Tale

BUREAU = ("bureau", CITY)
EXPERTS = 12
MEMBERS, REVIEWERS = 3, 1
"""Members of each sector who decide, and who decide anew after an appeal."""
CHAIR, DEPUTY_CHAIR = "administration-1", "research-1"
APPEAL_CHAIR = "administration-4"
_SECTORS = {"industry": "行业", "enterprise": "企业", "research": "教科研", "administration": "行政"}
_EMPLOYERS = {
    "industry": ("示例机械行业协会", "示例电子信息行业协会", "示例现代服务业协会", "示例农业协会", "示例物流协会"),
    "enterprise": (
        PARTNER,
        "示例恒远食品公司",
        "示例云枢软件公司",
        "示例安达物流公司",
        "示例康泰护理公司",
    ),
    "research": ("示例职业教育研究院", "示例教育科学研究所", "示例产业研究中心", "示例质量评估中心", "示例课程研究室"),
    "administration": ("示例市教育局", "示例市人社局", "示例市工信局", "示例市财政局", "示例市发改委"),
}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person with roles at organisations (role, kind, code); `sector` is a seat in the committee."""

    login: str
    name: str
    roles: tuple[tuple[Role, str, str], ...]
    employer: str = ""
    sector: str = ""
    substitute: bool = False
    deputy: bool = False


def everybody(city: City) -> tuple[Somebody, ...]:
    """Everybody of a city."""
    return (*_bureau(), *_offices(city), *_experts(), *_committee(), *_schools(city))


def _bureau() -> Iterator[Somebody]:
    for login, title, role in (
        ("policy-editor", "办法管理员", Role.POLICY_EDITOR),
        ("secretary", "秘书", Role.SECRETARY),
        ("verifier", "审核员", Role.BUREAU_VERIFIER),
        ("approver", "签发人", Role.BUREAU_APPROVER),
        ("planner", "计划员", Role.PLANNER),
        ("auditor", "审计员", Role.AUDITOR),
        ("visitor-1", "考察员甲", Role.SITE_VISITOR),
        ("visitor-2", "考察员乙", Role.SITE_VISITOR),
        *((f"panel-{n}", f"复核专家{n}", Role.APPEAL_PANEL_MEMBER) for n in (1, 2, 3)),
    ):
        yield Somebody(login, f"示例{title}", ((role, *BUREAU),))
    yield Somebody("deputy-secretary", "示例副秘书", ((Role.SECRETARY, *BUREAU),), deputy=True)


def _offices(city: City) -> Iterator[Somebody]:
    for code, name in city.counties.items():
        yield Somebody(f"county-{code}", f"示例{name}审核员", ((Role.COUNTY_VERIFIER, "county", code),))
    yield Somebody("hrss", "示例人社局填报员", ((Role.DEPARTMENT_SUPPLIER, "department", "hrss"),))
    yield Somebody("iit", "示例工信局填报员", ((Role.DEPARTMENT_SUPPLIER, "department", "iit"),))
    yield Somebody("survey", "示例调查员", ((Role.THIRD_PARTY_SUPPLIER, "third_party", "survey"),))


def _experts() -> Iterator[Somebody]:
    for n in range(1, EXPERTS + 1):
        yield Somebody(f"expert-{n:02}", f"示例专家{n:02}", ((Role.EXPERT, *BUREAU),), employer="示例外市职教集团")


def _committee() -> Iterator[Somebody]:
    """Three members a sector, a substitute each, and one who decides anew what an appeal reopened."""
    for sector in SECTORS:
        employers = _EMPLOYERS[sector]
        for n in range(1, MEMBERS + REVIEWERS + 1):
            login = f"{sector}-{n}"
            chairs = ((Role.CHAIR, *BUREAU),) if login in {CHAIR, DEPUTY_CHAIR, APPEAL_CHAIR} else ()
            roles = ((Role.COMMITTEE_MEMBER, *BUREAU), *chairs)
            yield Somebody(login, f"示例{_SECTORS[sector]}委员{n}", roles, employers[n - 1], sector)
        roles = ((Role.COMMITTEE_MEMBER, *BUREAU),)
        yield Somebody(f"{sector}-s", f"示例{_SECTORS[sector]}候补委员", roles, employers[-1], sector, substitute=True)


def _schools(city: City) -> Iterator[Somebody]:
    for n, school in enumerate(city.schools, 1):
        at = ("school", school.code)
        yield Somebody(f"head-{school.code}", f"示例校长{n:02}", ((Role.SCHOOL_HEAD, *at),))
        yield Somebody(f"editor-{school.code}", f"示例填报员{n:02}", ((Role.SCHOOL_EDITOR, *at),))


def sign_ins(city: City) -> dict[str, str]:
    """Login → password of those who can sign in: one of each role, and the schools with something open. The rest
    cannot sign in at all.
    """
    open_ = [*city.told(Tale.OBJECTION_OPEN, 3)[:1], *city.told(Tale.APPEAL_OPEN, 3)]
    county = next(s.county for s in city.schools if s.code == open_[0].school)
    logins = [
        "administrator", "policy-editor", "secretary", "verifier", "approver", "planner", "auditor", "hrss", "survey",
        f"county-{county}", "expert-01", "visitor-1", CHAIR, "industry-1", "panel-1",
        *(f"head-{code}" for code in dict.fromkeys(s.school for s in open_)),
        f"editor-{open_[0].school}",
    ]  # fmt: skip
    return {login: password(city.seed, login) for login in logins}


def who_signs_in(city: City) -> tuple[tuple[str, str, str], ...]:
    """(Who and in which role, login, password) of everybody who can sign in."""
    named = {who.login: f"{who.name} {who.roles[-1][0].value}" for who in everybody(city)}
    return tuple((named.get(login, "系统管理员 administrator"), login, word) for login, word in sign_ins(city).items())


def password(seed: int, login: str) -> str:
    """A password that the seed gives: for a demo on one's own machine, and for nothing else."""
    return f"demo-{Random(f'{seed} {login}').randrange(10**8):08}"  # noqa: S311 -- see above
