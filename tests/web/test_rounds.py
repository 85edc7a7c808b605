"""A round's page: its lists with their days and seals, and nothing of a list that is not out."""

import re

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_deliberation import decide, make_publicised, make_scored, make_served, publicise, serve
from specialty_eval.actions import publications
from specialty_eval.store.outcomes import Publication
from web.site import Site, text_of

RATINGS = {"one-a": "yellow", "one-b": "green", "two-a": "green", "city-a": "red"}


def test_a_list_tells_its_days_its_counts_and_the_seal_of_the_log(session: Session, pages: Site) -> None:
    s, number = make_publicised(session, RATINGS)
    pages.now = s.city.now
    row = session.get_one(Publication, number)

    html = pages.get(f"/rounds/{s.round_id}").text

    assert row.digest in html
    assert row.seal_head in html
    assert "绿牌 2 黄牌 1 红牌 1 合计 4" in " ".join(text_of(html).replace("\u2003", " ").split())
    assert re.search(r"2026年4月2日至2026年4月\d+日（2026年4月\d+日23:59截止）", text_of(html))
    assert "怎样提出异议" in html


def test_the_entries_are_told_with_the_policys_reasons(session: Session, pages: Site) -> None:
    s, _ = make_publicised(session, RATINGS)
    pages.now = s.city.now

    html = pages.get(f"/rounds/{s.round_id}").text

    assert {short for short, code in s.city.codes.items() if f"/specialties/{code}" in html} == set(RATINGS)
    assert "总分不低于80" in html


def test_a_list_that_is_not_out_shows_nowhere(session: Session, pages: Site) -> None:
    s = make_served(session, RATINGS)
    made = publications.draft(s.as_("secretary"), s.round_id)
    publications.approve(s.as_("bureau-approver"), made.id, made.digest)
    pages.now = s.city.now

    html = pages.get(f"/rounds/{s.round_id}").text

    assert "本批次还没有公示名单" in html
    assert made.digest not in html
    assert not re.search("绿牌|黄牌|红牌", text_of(html))
    pages.get(f"/rounds/{s.round_id}?list=1", 404)


def test_a_list_can_be_chosen_and_read_page_by_page(session: Session, pages: Site) -> None:
    s = make_scored(session, {"two-a": "green", **{f"x{n:03}": "green" for n in range(101)}})
    publicise(serve(decide(s)))
    pages.now = s.city.now
    seen: list[str] = []
    path = f"/rounds/{s.round_id}?list=1"

    while path:
        html = pages.get(path).text
        seen += re.findall(r'href="/specialties/([^"]+)"', html)
        found = re.search(r'rel="next" href="([^"#]+)', html)
        path = found[1].replace("&amp;", "&") if found else ""

    assert seen == sorted(s.city.codes.values())


@pytest.mark.parametrize("path", ["/rounds/999", "/rounds/x", "/rounds/１", "/rounds/" + "9" * 30, "/rounds/-1"])
def test_a_round_that_is_not_there_is_a_page_that_says_so(pages: Site, path: str) -> None:
    assert "返回评估结果" in pages.read(path, 404)


@pytest.mark.parametrize("query", ["list=2", "list=x", "list=0"])
def test_a_list_that_is_not_there_is_not_found(session: Session, pages: Site, query: str) -> None:
    s, _ = make_publicised(session, {"one-a": "green"})
    pages.now = s.city.now

    pages.get(f"/rounds/{s.round_id}?{query}", 404)


def test_the_round_of_a_cycle_that_has_not_begun_is_not_public(session: Session, pages: Site) -> None:
    s = make_scored(session, {"one-a": "green"})
    session.execute(sa.text("UPDATE cycle SET state = 'draft'"))

    pages.get(f"/rounds/{s.round_id}", 404)


@pytest.mark.parametrize("more", [0, 8])
def test_it_takes_as_many_statements_for_many_entries_as_for_few(session: Session, pages: Site, more: int) -> None:
    s, number = make_publicised(session, {"two-a": "green", **{f"x{n}": "yellow" for n in range(more)}})
    publications.erratum(s.as_("secretary"), number, "示例更正")
    pages.now = s.city.now

    assert pages.counted(f"/rounds/{s.round_id}") == 9


def test_a_slip_that_was_set_right_is_told(session: Session, pages: Site) -> None:
    s, number = make_publicised(session, {"two-a": "green"})
    publications.erratum(s.as_("secretary"), number, "示例：校名误写")
    pages.now = s.city.now

    assert "更正说明 2026年4月2日 09:00 示例：校名误写" in pages.read(f"/rounds/{s.round_id}")
