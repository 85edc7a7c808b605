"""Figures by file as a browser without a script sends them: signed in, uploaded, mended, shown, confirmed."""

import re

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from factories import City, make_city, make_cycle, open_round
from small_policy import POLICY
from specialty_eval.actions import cycles, evidence, passwords, staging
from specialty_eval.store import staging_progress
from specialty_eval.store.accounts import Person
from specialty_eval.store.staging import StagedFile
from spreadsheets import workbook
from web.site import Site, text_of

HEAD = "school_code,catalogue_code,year,graduates\n"
GOOD = HEAD + "3637000001,710201,2025,４0\n3637000001,660103,2025,30\n"
HOME = "/evidence-files"


@pytest.fixture
def city(session: Session) -> City:
    made = make_city(session)
    cycles.import_policy(made.as_("policy-editor"), POLICY)
    return made


@pytest.fixture
def signed_in(city: City, pages: Site, session: Session) -> Site:
    """A secretary's browser."""
    enter(pages, city, "secretary")
    return pages


def enter(pages: Site, city: City, who: str) -> None:
    person = city.session.get_one(Person, city.people[who])
    person.password_hash = passwords.kept("correct horse battery")
    city.session.flush()
    answer = post(pages, f"{HOME}/sign-in", 303, login=person.login, password="correct horse battery")
    assert answer.headers["location"] == HOME


def post(pages: Site, path: str, expect: int, /, **fields: object) -> httpx.Response:
    """Send a form; `file` as (name, content)."""
    file = fields.pop("file", None)
    files = None if file is None else {"file": file}
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": str(pages.client.base_url)}
    answer: httpx.Response = pages.client.post(path, data=fields, files=files, headers=headers, follow_redirects=False)
    assert answer.status_code == expect, (answer.status_code, text_of(answer.text)[:2000])
    return answer


def sent(pages: Site, name: str, content: bytes) -> str:
    """The page of a file that was taken in."""
    return post(pages, HOME, 303, policy="small@1", file=(name, content)).headers["location"]


def test_only_who_is_signed_in_sees_anything_and_the_cookie_goes_nowhere_else(city: City, pages: Site) -> None:
    assert pages.get(HOME, 303).headers["location"] == f"{HOME}/sign-in"
    wrong = post(pages, f"{HOME}/sign-in", 401, login="nobody", password="wrong").text
    assert 'role="alert"' in wrong
    enter(pages, city, "secretary")
    cookie = next(one for one in pages.client.cookies.jar if one.name == "signed_in")
    assert (cookie.path, cookie.get_nonstandard_attr("SameSite"), cookie.has_nonstandard_attr("HttpOnly")) == (
        HOME, "strict", True)  # fmt: skip
    page = pages.get(HOME)
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "same-origin")
    assert "<script" not in page.text
    post(pages, f"{HOME}/sign-out", 303)
    assert pages.get(HOME, 303).headers["location"] == f"{HOME}/sign-in"


def test_a_form_of_another_site_does_nothing(signed_in: Site) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}, {"Origin": "null"}):
        answer = signed_in.client.post(
            HOME, data={"policy": "small@1"}, files={"file": ("a.csv", GOOD)}, headers=headers
        )
        assert answer.status_code == 403
    assert "您还没有上传过文件" in signed_in.read(HOME)


def test_a_file_is_checked_shown_and_confirmed_as_shown(signed_in: Site) -> None:
    at = sent(signed_in, "示例.csv", GOOD.encode())
    page = signed_in.get(at).text
    said = text_of(page)
    assert "新增 2 项，更改 0 项，去掉 0 项" in said
    assert "3637000001-710201 第 2 行 2025" in said
    assert 'http-equiv="refresh"' not in page
    shown = re.findall(r'name="difference" value="(\w+)"', page)[0]
    assert "４0" in signed_in.read(f"{at}?kind=notice")
    refused = post(signed_in, f"{at}/confirm", 409, difference="0" * 64)
    assert 'role="alert"' in refused.text
    post(signed_in, f"{at}/compare", 303)
    post(signed_in, f"{at}/confirm", 303, difference=shown)
    assert "全部写入：新增 2 项" in signed_in.read(at)
    assert "已经写入，不再逐项列出" in signed_in.read(f"{at}?kind=new")
    assert "这一类没有" in signed_in.read(f"{at}?kind=gone")
    assert "已入库" in signed_in.read(HOME)


def test_a_school_fills_its_drafts_by_file_and_is_told_what_was_left_out(city: City, pages: Site) -> None:
    city.reviews |= open_round(city, make_cycle(city, policy=POLICY))
    enter(pages, city, "editor-one")
    page = pages.get(HOME).text
    assert "2026 年评估的草稿（2025 年数据，办法 small@1）" in text_of(page)
    into = re.findall(r'<select id="round".*?<option value="(\d+)"', page, re.DOTALL)[0]
    assert pages.get(f"{HOME}/template?policy=small@1&year=2025&supplier=school").content[:2] == b"PK"
    file = ("a.csv", GOOD.encode())
    at = post(pages, HOME, 303, policy="other@1", round=into, file=file).headers["location"]
    page = pages.get(at).text
    assert "不会提交" in text_of(page)
    figures = evidence.Figures({"graduates": "41"}, {})
    evidence.save(city.as_("editor-one"), city.reviews["one-a"], figures, "", version=None)
    post(pages, f"{at}/confirm", 303, difference=re.findall(r'name="difference" value="(\w+)"', page)[0])
    said = pages.read(at)
    assert "写入草稿：新增 1 项" in said
    assert "有 1 项没有写入" in said
    assert "3637000001-710201 第 2 行 2025" in said
    assert "已存入草稿" in pages.read(HOME)
    post(pages, HOME, 404, round="999", file=file)


@pytest.mark.parametrize(("pinned", "who", "expected"), [
    (None, "secretary", "small@3"), ("small@2", "secretary", "small@2"), ("small@2", "county-one", "small@2"),
    ("small@2", "editor-one", "small@2"),
])  # fmt: skip
def test_the_policy_of_the_round_under_way_stands_there_first_and_else_the_newest(
    city: City, pages: Site, pinned: str | None, who: str, expected: str
) -> None:
    """Whatever the order of their names: `small@1` was there before, `small@3` is newer and governs nothing yet."""
    versions = {f"small@{n}": POLICY.replace('version: "1"', f'version: "{n}"', 1) for n in (2, 3)}
    if pinned is not None:
        city.reviews |= open_round(city, make_cycle(city, policy=versions[pinned]))
    for text in versions.values():
        cycles.import_policy(city.as_("policy-editor"), text)
    enter(pages, city, who)

    page = pages.get(HOME).text

    assert re.findall(r'<option value="(small@\d)"', page) == ["small@1", "small@2", "small@3"] * 2
    assert re.findall(r'<option value="(small@\d)" selected', page) == [expected] * 2


def test_every_problem_stands_at_its_cell_and_in_the_workbook(signed_in: Site) -> None:
    rows: list[list[object]] = [
        ["school_code", "catalogue_code", "year", "graduates"],
        ["3637000001", "710201", 2025, "many"],
        ["9999999999", "710201", 2025, 3],
    ]
    at = sent(signed_in, "示例.xlsx", workbook(rows))
    said = signed_in.read(at)
    assert "有 2 处问题，什么也没有写入" in said
    assert "D2" in said
    assert "B3" in said
    assert signed_in.get(f"{at}/workbook").content[:2] == b"PK"
    assert "confirm" not in signed_in.get(at).text
    post(signed_in, f"{at}/discard", 303)
    signed_in.get(at, 404)


def test_what_is_no_such_file_is_said_with_the_form(signed_in: Site) -> None:
    said = post(signed_in, HOME, 422, policy="small@1", file=("示例.pdf", b"%PDF")).text
    assert "从文件名看不出是 CSV 还是 XLSX" in said
    assert 'type="file"' in said
    assert "没有选择文件" in post(signed_in, HOME, 422, policy="small@1").text
    template = signed_in.get(f"{HOME}/template?policy=small@1&year=2025&supplier=")
    assert (template.content[:2], template.headers["content-disposition"]) == (
        b"PK", 'attachment; filename="evidence-2025.xlsx"')  # fmt: skip


def test_a_file_of_somebody_else_is_not_there_and_who_supplies_nothing_is_told(signed_in: Site, city: City) -> None:
    at = sent(signed_in, "a.csv", GOOD.encode())
    enter(signed_in, city, "chair")
    signed_in.get(at, 404)
    assert "您不能看这个页面" in signed_in.read(HOME, 403)


def test_a_large_file_waits_for_its_check_and_shows_how_far_it_is(
    city: City, signed_in: Site, session: Session
) -> None:
    waiting = staging.receive(city.as_("secretary"), staging.Received(GOOD.encode(), "text/csv", "a.csv"), "small@1")
    at = f"{HOME}/{waiting.id}"
    page = signed_in.get(at).text
    assert 'http-equiv="refresh" content="2"' in page
    assert "等候处理" in text_of(page)
    row = session.get_one(StagedFile, int(at.rpartition("/")[2]))
    staging_progress.tell(session, row.id, staging_progress.Told("laying", 20_000, 100_000))
    session.execute(sa.text("SELECT pg_stat_clear_snapshot()"))  # a browser's next request is a transaction of its own
    told = signed_in.get(at).text
    assert "暂存各行 20,000 / 100,000" in text_of(told)
    assert 'value="63"' in told


def test_a_body_beyond_the_limit_of_who_is_not_known_is_not_read(pages: Site) -> None:
    client: TestClient = pages.client
    files = {"file": ("a.csv", b"x" * (2 << 20))}
    assert (
        client.post(HOME, files=files, headers={"Cookie": "signed_in=tok_nobody"}, follow_redirects=False).status_code
        == 303
    )
    assert client.post(HOME, files=files, follow_redirects=False).status_code == 413
