"""The public result page: what it shows, what it never shows, and how it is asked."""

import re

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import COUNTY, make_city, make_cycle, make_school
from factories_deliberation import Sitting, make_publicised, make_scored, make_served
from specialty_eval.actions import objections, ratings
from specialty_eval.actions.objections import NewObjection
from specialty_eval.store import public_queries
from specialty_eval.store.outcomes import Objector
from specialty_eval.store.registry import School, Specialty
from web.site import Site

RATINGS = {"one-a": "yellow", "one-b": "green", "two-a": "green", "city-a": "red"}
STATEMENTS = 10
NAME, CONTACT, GROUNDS = "示例张三", "示例-0534-0000000", "示例：人数不实"


def confirm(s: Sitting, number: int) -> None:
    s.city.wait(14)
    ratings.confirm(s.as_("bureau-approver"), number, "示教评〔2026〕1号")


def object_to(s: Sitting, number: int, short: str) -> None:
    """An objection to this review, heard."""
    asked = NewObjection(s.reviews[short], name=NAME, contact=CONTACT, grounds=GROUNDS)
    key = objections.lodge(s.city.nobody(), number, asked).id
    code = s.session.get_one(Objector, key).confirmation_code
    objections.confirm_contact(s.city.nobody(), key, code)
    objections.admit(s.as_("secretary"), key)


def row(html: str, code: str) -> str:
    """The list's row of a specialty."""
    return next(str(found) for found in re.findall(r"<tr>.*?</tr>", html, re.S) if f"/specialties/{code}" in found)


def tile(html: str, name: str) -> str:
    """The number in a tile."""
    found = re.search(rf"<dt>(?:(?!</dt>).)*{re.escape(name)}.*?</dt><dd>(.*?)</dd>", html, re.S)
    assert found is not None, name
    return re.sub("<.*?>", "", found[1])


def test_an_empty_installation_says_in_words_that_nothing_is_there_yet(pages: Site) -> None:
    said = pages.read("/")

    assert "系统中还没有登记专业" in said
    assert "还没有启动评估周期" in said


def test_before_the_first_confirmation_it_says_that_nothing_is_in_force(session: Session, pages: Site) -> None:
    make_city(session)

    html = pages.get("/").text

    assert "目前没有生效的评估结果" in html
    assert tile(html, "未参评") == "4"


def test_what_is_decided_and_not_publicised_shows_nowhere(session: Session, pages: Site) -> None:
    s = make_served(session, RATINGS)
    pages.now = s.city.now

    html = pages.get("/").text

    assert {tile(html, word) for word in ("绿牌", "黄牌", "红牌")} == {"0"}
    assert "拟定：" not in html
    assert pages.read("/?rating=red").count("红牌") == pages.read("/?rating=yellow").count("红牌")


def test_a_publicised_rating_is_provisional_and_the_last_one_stays_in_force(session: Session, pages: Site) -> None:
    s, _ = make_publicised(session, RATINGS)
    pages.now = s.city.now

    shown = row(pages.get("/").text, s.city.codes["one-a"])

    assert "拟定：黄牌" in shown
    assert "未参评" in shown
    assert tile(pages.get("/").text, "拟定（已公示，尚未认定）") == "4"


def test_publicity_is_announced_with_its_days_and_the_way_to_object(session: Session, pages: Site) -> None:
    s, _ = make_publicised(session, RATINGS)
    pages.now = s.city.now

    html = pages.get("/").text

    assert re.search(r"2026年批次第1号名单，2026年4月2日至2026年4月\d+日", html)
    assert f'href="/rounds/{s.round_id}"' in html


def test_confirmed_ratings_are_counted_by_county_and_class(session: Session, pages: Site) -> None:
    s, number = make_publicised(session, RATINGS)
    confirm(s, number)
    pages.now = s.city.now

    html = pages.get("/").text

    counts = re.search(r"示例一区</a>.*?</th>(.*?)</tr>", html, re.S)
    assert counts is not None
    assert re.findall(r"\d+", re.sub("<.*?>", " ", counts[1])) == ["1", "1", "0", "0", "2"]
    assert [tile(html, word) for word in ("绿牌", "黄牌", "红牌")] == ["2", "1", "1"]


def test_what_is_contested_is_a_fact_of_its_own_beside_the_provisional_rating(session: Session, pages: Site) -> None:
    s, number = make_publicised(session, RATINGS)
    object_to(s, number, "one-a")
    pages.now = s.city.now

    shown = row(pages.get("/").text, s.city.codes["one-a"])

    assert "拟定：黄牌" in shown
    assert "异议处理中" in shown
    assert "异议处理中" not in row(pages.get("/").text, s.city.codes["two-a"])


def test_who_objected_and_why_shows_nowhere(session: Session, pages: Site) -> None:
    s, number = make_publicised(session, RATINGS)
    object_to(s, number, "one-a")
    pages.now = s.city.now

    html = pages.get("/?case=contested").text

    assert s.city.codes["one-a"] in html
    assert not [leak for leak in (NAME, CONTACT, GROUNDS) if leak in html]


def test_every_filter_narrows_list_and_counts_and_is_shown_again(session: Session, pages: Site) -> None:
    s, number = make_publicised(session, RATINGS)
    confirm(s, number)
    pages.now = s.city.now
    asked = {
        f"county={COUNTY}": {"one-a", "one-b"},
        "class=装备制造大类": {"one-b"},
        "level=secondary": set(RATINGS),
        "level=bachelor": set(),
        "rating=green": {"one-b", "two-a"},
        "rating=none": set(),
        "case=contested": set(),
        "q=数控": {"one-b"},
        "q=控": {"one-b"},
        "q=数 控": set(),
        "q=学校two": {"two-a"},
        f"q={s.city.codes['city-a']}": {"city-a"},
        "q=100%25": set(),
    }

    for query, expected in asked.items():
        html = pages.get(f"/?{query}").text
        shown = {short for short, code in s.city.codes.items() if f"/specialties/{code}" in html}
        assert (query, shown, tile(html, "专业点")) == (query, expected, str(len(expected)))
    assert '<option value="green" selected>' in pages.get("/?rating=green").text
    assert 'value="数控"' in pages.get("/?q=数控").text


def test_a_filter_that_finds_nothing_says_so_and_how_to_go_on(session: Session, pages: Site) -> None:
    make_city(session)

    said = pages.read("/?q=没有这样的专业")

    assert "没有符合条件的专业" in said
    assert "重置" in said


@pytest.mark.parametrize("query", ["case=purple", "after=!!", "after=WzFd.WzJd"])
def test_a_question_that_cannot_be_asked_is_a_page_that_says_why(pages: Site, query: str) -> None:
    said = pages.read(f"/?{query}", 422)

    assert "返回评估结果" in said


@pytest.mark.parametrize("query", ["q=%00", "q=" + "长" * 3000, "rating=purple", "county=abc", "lang=xx", "q=%ff"])
def test_odd_questions_find_nothing_or_everything_and_break_nothing(session: Session, pages: Site, query: str) -> None:
    make_city(session)

    pages.get(f"/?{query}")


def test_pages_follow_one_another_without_a_gap_or_a_repetition(session: Session, pages: Site) -> None:
    many = {f"x{n:03}": "green" for n in range(60)}
    s = make_scored(session, {"two-a": "green", **many})
    pages.now = s.city.now
    seen: list[str] = []
    path = "/"

    while path:
        html = pages.get(path).text
        seen += re.findall(r'href="/specialties/([^"]+)"', html)
        found = re.search(r'rel="next" href="([^"#]+)', html)
        path = found[1].replace("&amp;", "&") if found else ""

    assert seen == sorted(s.city.codes.values())


def test_earlier_rounds_follow_the_newest_and_what_is_in_publicity_is_always_told(
    session: Session, pages: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public_queries, "SHOWN", 1)
    s, _ = make_publicised(session, {"one-a": "green"})
    newer = make_cycle(s.city, year=2027)
    pages.now = s.city.now

    def told(path: str) -> list[str]:
        return re.findall(r'scope="row"><a href="/rounds/(\d+)"', pages.get(path).text)

    following = re.search(r'href="(/\?rounds=\d+)#rounds"', pages.get("/").text)

    assert told("/") == [str(newer), str(s.round_id)]
    assert following is not None
    assert told(following[1]) == [str(s.round_id)]
    assert "更早的批次" not in pages.get(following[1]).text


def test_a_name_is_text_whatever_it_contains(session: Session, pages: Site) -> None:
    city = make_city(session)
    evil = "<script>alert(1)</script>'\"&"
    make_school(session, code="3637000009", name=evil, area=COUNTY)
    session.execute(sa.update(School).where(School.id == city.schools["one"]).values(name=evil))
    session.execute(sa.update(Specialty).where(Specialty.id == city.specialties["one-a"]).values(name=evil))
    session.execute(sa.update(Specialty).where(Specialty.id == city.specialties["one-b"]).values(class_name=evil))

    html = pages.get("/").text

    assert "<script" not in html
    assert pages.read("/").count("<script>alert(1)</script>") >= 3


@pytest.mark.parametrize("more", [0, 8])
def test_it_takes_as_many_statements_for_many_specialties_as_for_few(session: Session, pages: Site, more: int) -> None:
    s, number = make_publicised(session, {"two-a": "green", **{f"x{n}": "yellow" for n in range(more)}})
    object_to(s, number, "two-a")
    pages.now = s.city.now

    assert pages.counted("/") == STATEMENTS


def test_the_other_language_is_remembered_once_it_was_asked_for(session: Session, pages: Site) -> None:
    make_city(session)

    assert '<html lang="zh-CN">' in pages.get("/").text
    assert "Never rated" in pages.read("/?lang=en")
    assert '<html lang="en">' in pages.get("/").text
    assert "未参评" in pages.read("/?lang=zh")
