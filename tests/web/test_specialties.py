"""A specialty's page: each fact in its place, codes that changed, specialties that closed, and what stays inside."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_city
from factories_deliberation import (
    REGULAR,
    Sitting,
    close_item,
    make_convened,
    make_publicised,
    make_served,
    publicise,
    serve,
)
from specialty_eval.actions import objections, publications, ratings, successions
from specialty_eval.actions.objections import NewObjection
from specialty_eval.actions.successions import NewSuccession
from specialty_eval.engine.succession import Act, Subject, Wanted
from specialty_eval.store.accounts import Person
from specialty_eval.store.designations import Designation
from specialty_eval.store.outcomes import Objector, OpeningQuota, RatingInForce
from specialty_eval.store.registry import School, Specialty, SpecialtyCode
from specialty_eval.store.reviews import EvidenceVersion
from specialty_eval.store.supports import SupportGrant
from web.site import Site, text_of

NAME, CONTACT, GROUNDS = "示例张三", "示例-0534-0000000", "示例：人数不实"


def fact(html: str, name: str) -> str:
    """What stands beside a name on the page."""
    found = re.search(rf"<dt>{name}</dt>\s*<dd>(.*?)</dd>", html, re.S)
    assert found is not None, name
    return text_of(found[1])


def object_to(s: Sitting, number: int, short: str) -> int:
    """An objection to this review, heard; its number."""
    asked = NewObjection(s.reviews[short], name=NAME, contact=CONTACT, grounds=GROUNDS)
    key = objections.lodge(s.city.nobody(), number, asked).id
    objections.confirm_contact(s.city.nobody(), key, s.session.get_one(Objector, key).confirmation_code)
    objections.admit(s.as_("secretary"), key)
    return key


def confirmed(session: Session) -> Sitting:
    s, number = make_publicised(session, {"one-a": "yellow", "two-a": "green"})
    s.city.wait(14)
    ratings.confirm(s.as_("bureau-approver"), number, "示教评〔2026〕1号")
    return s


def test_a_specialty_that_was_never_rated_says_so_fact_by_fact(session: Session, pages: Site) -> None:
    city = make_city(session)

    html = pages.get(f"/specialties/{city.codes['one-a']}").text

    assert fact(html, "现行结果") == "未参评 从未参评，没有生效的结果。"
    assert fact(html, "拟定结果") == "目前没有公示中的结果。"
    assert fact(html, "异议、申诉和更正") == "目前没有正在处理的异议、申诉或更正。"
    assert fact(html, "专业状态") == "正常招生"
    assert "还没有批准的招生计划" in html
    assert "没有历次结果" in html


def test_a_confirmed_rating_tells_since_when_under_which_document_and_why(session: Session, pages: Site) -> None:
    s = confirmed(session)
    pages.now = s.city.now

    html = pages.get(f"/specialties/{s.city.codes['one-a']}").text

    day = s.city.as_("secretary").today
    said = f"黄牌 自{day.year}年{day.month}月{day.day}日起有效，依据示教评〔2026〕1号，按2025年度数据评定。"
    assert fact(html, "现行结果") == said
    assert "总分60至80" in html


def test_a_provisional_rating_stands_beside_the_one_in_force(session: Session, pages: Site) -> None:
    s, _ = make_publicised(session, {"one-a": "red"})
    session.add(
        RatingInForce(specialty_id=s.city.specialties["one-a"], rating="green", year=2022, reasons=[],
                      document_number="", source="示例台账", valid_from=date(2023, 7, 1), known_from=s.city.now)
    )  # fmt: skip
    session.flush()
    pages.now = s.city.now

    html = pages.get(f"/specialties/{s.city.codes['one-a']}").text

    assert fact(html, "现行结果").startswith("绿牌 自2023年7月1日起有效，是系统启用前的结果（来源：示例台账）")
    assert fact(html, "拟定结果").startswith("拟定：红牌 尚未认定")


def test_what_is_decided_and_not_publicised_shows_nowhere(session: Session, pages: Site) -> None:
    s = make_served(session, {"one-a": "red"})
    pages.now = s.city.now

    html = pages.get(f"/specialties/{s.city.codes['one-a']}").text

    assert not re.search("红牌|总分低于60|>low<", html)


def test_names_grounds_and_figures_show_nowhere(session: Session, pages: Site) -> None:
    s, number = make_publicised(session, {"one-a": "yellow"})
    object_to(s, number, "one-a")
    session.execute(sa.text("ALTER TABLE evidence_version DISABLE TRIGGER USER"))
    session.execute(sa.update(EvidenceVersion).values(figures={"graduates": {"value": "77123", "source": "示例"}}))
    pages.now = s.city.now

    html = pages.get(f"/specialties/{s.city.codes['one-a']}").text

    assert "异议处理中" in fact(html, "异议、申诉和更正")
    people = session.scalars(sa.select(Person.name)).all()
    assert not [leak for leak in (NAME, CONTACT, GROUNDS, "77123", *people) if leak in html]


def test_a_decision_against_the_computed_rating_tells_both_and_the_reason_but_no_ballot(
    session: Session, pages: Site
) -> None:
    s = make_convened(session, {"one-a": "yellow"})
    s.vote("one-a", {login: "green" for login, _ in REGULAR}, reason="示例：某委员的话")
    close_item(s.as_("secretary"), s.items["one-a"], reason="示例：新产业急需")
    publicise(serve(s))
    pages.now = s.city.now

    html = pages.get(f"/specialties/{s.city.codes['one-a']}").text

    assert "按办法计算为黄牌，委员会表决认定为绿牌，理由：示例：新产业急需" in html
    assert "示例：某委员的话" not in html


def test_an_overturned_rating_stays_readable_with_both_times(session: Session, pages: Site) -> None:
    city = make_city(session)
    held = {"specialty_id": city.specialties["one-a"], "year": 2022, "reasons": [], "document_number": "示例1号",
            "valid_from": date(2023, 7, 1)}  # fmt: skip
    then = city.now - timedelta(days=100)
    session.add(RatingInForce(**held, rating="red", source="示例", known_from=then, known_to=city.now))
    session.add(RatingInForce(**held, rating="yellow", source="示例", known_from=city.now))
    session.flush()
    pages.now = city.now

    html = pages.get(f"/specialties/{city.codes['one-a']}").text

    assert fact(html, "现行结果").startswith("黄牌")
    assert "更正或更新之前的记录" in html
    assert "2025年11月22日 09:00至2026年3月2日 09:00" in text_of(html)


def test_quotas_tell_the_academic_year_and_where_they_stand_written(session: Session, pages: Site) -> None:
    city = make_city(session)
    session.add(OpeningQuota(specialty_id=city.specialties["one-a"], academic_year=2025, quota=120, capacity=None,
                             source="示例招生文件", recorded_at=city.now))  # fmt: skip
    session.flush()

    said = pages.read(f"/specialties/{city.codes['one-a']}")

    assert "2025—2026学年 120 — — 示例招生文件" in said


def test_an_old_code_leads_to_the_present_one(session: Session, pages: Site) -> None:
    city = make_city(session)
    old, new = city.codes["one-a"], "3637000001-710299"
    session.execute(sa.update(SpecialtyCode).where(SpecialtyCode.code == old).values(valid_to=date(2026, 1, 1)))
    session.add(SpecialtyCode(code=new, specialty_id=city.specialties["one-a"], valid_from=date(2026, 1, 1)))
    session.flush()

    answer = pages.get(f"/specialties/{old}?lang=en", 308)

    assert answer.headers["location"] == f"/specialties/{new}?lang=en"
    assert new in pages.get(f"/specialties/{new}").text


def test_a_closed_specialty_is_gone_and_shows_its_last_status(session: Session, pages: Site) -> None:
    s = confirmed(session)
    key = s.city.specialties["two-a"]
    session.execute(sa.update(Specialty).where(Specialty.id == key).values(closed_on=s.city.as_("secretary").today))
    session.execute(sa.update(SpecialtyCode).where(SpecialtyCode.specialty_id == key).values(valid_to=date(2026, 4, 1)))
    pages.now = s.city.now

    html = pages.get(f"/specialties/{s.city.codes['two-a']}", 410).text

    assert "撤销，以下是最后的状态" in html
    assert fact(html, "现行结果").startswith("绿牌")


@pytest.mark.parametrize("code", ["nosuch", "3637000001-999999", "%00", "<script>", "长" * 300])
def test_a_code_nobody_ever_had_is_not_found(pages: Site, code: str) -> None:
    assert "返回评估结果" in pages.read(f"/specialties/{code}", 404)


def test_a_name_is_text_whatever_it_contains(session: Session, pages: Site) -> None:
    city = make_city(session)
    session.execute(sa.update(School).values(name="<script>alert(1)</script>"))
    session.execute(sa.update(Specialty).values(name="<img src=x onerror=alert(1)>"))

    html = pages.get(f"/specialties/{city.codes['one-a']}").text

    assert "<script" not in html
    assert "<img" not in html


def test_it_takes_as_many_statements_with_a_history_as_without(session: Session, pages: Site) -> None:
    s = confirmed(session)
    pages.now = s.city.now

    assert pages.counted(f"/specialties/{s.city.codes['one-a']}") == 10


UNDER_WAY = {"objection": "异议处理中", "correction": "更正复评中"}


@pytest.mark.parametrize(("is_upheld", "under"), [(None, []), (False, ["objection"]), (True, ["correction"])])
def test_the_page_and_the_status_for_programs_say_the_same(
    session: Session, pages: Site, is_upheld: bool | None, under: list[str]
) -> None:
    s, number = make_publicised(session, {"one-a": "yellow", "two-a": "green"})
    if is_upheld is not None:
        key = object_to(s, number, "one-a")
        if is_upheld:
            objections.uphold(s.as_("bureau-approver"), key, "示例：属实", evidence_was_wrong=False)
    pages.now = s.city.now

    told = pages.get(f"/v1/specialties/{s.city.codes['one-a']}/status").json()
    html = pages.get(f"/specialties/{s.city.codes['one-a']}").text

    provisional = None if is_upheld else "yellow"
    assert (told["rating"], told["provisional"], told["under"]) == (None, provisional, under)
    assert fact(html, "现行结果").startswith("未参评")
    assert fact(html, "拟定结果").startswith("目前没有" if is_upheld else "拟定：黄牌")
    assert re.findall("|".join(UNDER_WAY.values()), fact(html, "异议、申诉和更正")) == [UNDER_WAY[u] for u in under]
    assert f"依据的公开事件序号：{told['sequence']}" in html


def changes_on(pages: Site, code: str) -> list[list[str]]:
    """The rows of what else happened, cell by cell."""
    html = pages.get(f"/specialties/{code}").text
    (section,) = re.findall(r'<section class="card" aria-labelledby="changes">(.*?)</section>', html, re.S)
    body = section.partition("<tbody>")[2]
    return [[text_of(cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.S)]
            for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)]  # fmt: skip


def test_what_else_happened_is_told_of_the_other_by_name_and_of_this_one_by_what_it_rests_on(
    session: Session, pages: Site
) -> None:
    s, number = make_publicised(session, {"one-a": "yellow", "two-a": "green"})
    city, secretary, approver = s.city, s.as_("secretary"), s.as_("bureau-approver")
    publications.erratum(secretary, number, "示例：校名有误", s.reviews["two-a"])
    publications.erratum(secretary, number, "示例：抬头有误")
    city.wait(14)
    ratings.confirm(s.as_("bureau-approver"), number, "示教评〔2026〕1号")
    key = city.specialties["one-a"]
    session.add(SupportGrant(specialty_id=key, academic_year=2026, support="funding", what="示例专项",
                             amount="300000.50", document_number="示教支〔2026〕1号", state="granted",
                             valid_from=s.as_("auditor").today, granted_by=approver.person_id,
                             granted_at=city.now, updated_at=city.now))  # fmt: skip
    session.add(Designation(jurisdiction_code="371400", kind="demonstration", tier="secondary", state="granted",
                            specialty_id=key, grounds="示例", proposed_by=secretary.person_id, proposed_at=city.now,
                            granted_by=approver.person_id, granted_at=city.now, document_number="示教示〔2026〕1号",
                            version=1, updated_at=city.now))  # fmt: skip
    session.flush()
    of, day = city.codes["one-a"], s.as_("auditor").today
    split = Wanted(of, direction="机器人", name="示例机器人专业")
    made = successions.propose(s.as_("secretary"), NewSuccession(
        Subject.SPECIALTY, Act.SPLIT, day, "示例：布局调整", "示教变〔2026〕1号", (split,)))  # fmt: skip
    successions.record(s.as_("bureau-approver"), made.id)
    session.commit()
    pages.now = city.now
    said, name = f"{day.year}年{day.month}月{day.day}日", session.get_one(Specialty, key).name

    rows = changes_on(pages, of)
    assert sorted(row[1:] for row in rows if row[0] == said) == sorted([
        [f"分设示例职业学校one“示例机器人专业”（{of}-机器人）", "示教变〔2026〕1号"],
        ["认定为示范专业", "示教示〔2026〕1号"],
        ["获得支持：示例专项 300,000.50元", "示教支〔2026〕1号"],
    ])  # fmt: skip
    assert rows[-1][1:] == ["公示勘误：示例：抬头有误", "第1号公示名单"]  # the other's is not its own
    assert changes_on(pages, f"{of}-机器人")[0][1] == f"由示例职业学校one“{name}”（{of}）分设"
    assert [row[1] for row in changes_on(pages, city.codes["two-a"])] == [
        "公示勘误：示例：抬头有误", "公示勘误：示例：校名有误",
    ]  # fmt: skip
