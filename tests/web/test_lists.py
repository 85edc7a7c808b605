"""The page of the lists: what is in force, why each entry is on it, and nothing of a list that is not out."""

import re

import pytest
from sqlalchemy.orm import Session

from factories_consequences import make_confirmed
from factories_deliberation import Sitting
from specialty_eval.actions import lists
from specialty_eval.actions.lists import Named
from specialty_eval.engine.lists import ListKind
from specialty_eval.store.specialty_lists import SpecialtyList
from specialty_eval.web import lists as page
from web.site import Site


@pytest.fixture
def s(session: Session, pages: Site) -> Sitting:
    made = make_confirmed(session)
    pages.now = made.city.now
    return made


def published(s: Sitting, kind: ListKind = ListKind.NEGATIVE, year: int = 2027, exempt: str = "") -> SpecialtyList:
    row = lists.build(s.as_("secretary"), s.round_id, kind)
    if exempt:
        lists.exempt(s.as_("secretary"), row.id, Named("secondary", "710201"), exempt)
    lists.approve(s.as_("chair"), row.id, "示例专〔2026〕1号", row.digest)
    return lists.publish(s.as_("secretary"), row.id, year)


def test_without_a_list_the_page_says_so(s: Sitting, pages: Site) -> None:
    assert "还没有发布过清单。" in pages.read("/lists")


def test_a_list_in_force_tells_each_entry_with_its_reasons(s: Sitting, pages: Site) -> None:
    published(s)

    told = pages.read("/lists")

    assert "2027年负面清单 已发布" in told
    assert "示例专〔2026〕1号" in told
    assert "列入 1 个，豁免 1 个（看过目录专业 2 个）" in told
    assert "计算机应用 710201 · 中职 布点率超过40% 布点率（%） 100.00" in told
    assert "只有一个布点 专业点数 1 按办法豁免：独此一家" in told
    assert "Negative list of 2027" in pages.read("/lists?lang=en")


def test_an_exemption_by_name_is_told_with_its_reason(s: Sitting, pages: Site) -> None:
    published(s, exempt="示例<b>：市里统筹")

    html = pages.get("/lists").text

    assert "经审定豁免：示例&lt;b&gt;：市里统筹" in html


def test_what_is_not_out_shows_nowhere(s: Sitting, pages: Site) -> None:
    row = lists.build(s.as_("secretary"), s.round_id, ListKind.NEGATIVE)
    lists.approve(s.as_("chair"), row.id, "示例专〔2026〕1号", row.digest)

    assert "示例专" not in pages.read("/lists")
    pages.get(f"/lists?list={row.id}", 404)


def test_any_published_list_can_be_chosen_also_one_that_is_superseded(s: Sitting, pages: Site) -> None:
    old, urgent, new = published(s), published(s, ListKind.URGENT), published(s)

    assert new.digest in pages.get("/lists").text
    assert old.digest in pages.get(f"/lists?list={old.id}").text
    assert "2027年急需清单" in pages.read(f"/lists?list={urgent.id}")
    assert "2027年负面清单 已失效" in pages.read("/lists")


def test_what_is_in_force_this_year_comes_first(s: Sitting, pages: Site) -> None:
    ahead, now = published(s), published(s, year=2026)

    assert now.digest in pages.get("/lists").text
    assert ahead.digest in pages.get(f"/lists?list={ahead.id}").text


def test_it_is_read_page_by_page(s: Sitting, pages: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "ROWS", 1)
    row, seen, path = published(s), [], "/lists"

    while path:
        html = pages.get(path).text
        seen += re.findall(r"(\d{6}) · 中职", html)
        found = re.search(r'rel="next" href="([^"#]+)', html)
        path = found[1].replace("&amp;", "&") if found else ""

    assert (seen, row.named) == (["660103", "710201"], 2)


@pytest.mark.parametrize("query", ["list=99", "list=x", "list=１", "list=" + "9" * 30])
def test_a_list_that_is_not_there_is_not_found(s: Sitting, pages: Site, query: str) -> None:
    published(s)

    assert "返回评估结果" in pages.read(f"/lists?{query}", 404)


def test_it_takes_few_statements(s: Sitting, pages: Site) -> None:
    published(s)

    assert pages.counted("/lists") <= 7
