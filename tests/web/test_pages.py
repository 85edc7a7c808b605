"""What every page shares: nothing from elsewhere, headers, caching, static files, and errors as pages."""

import re
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient

from specialty_eval.web import words
from specialty_eval.web.pages import environment
from web.site import Site, site

OTHERS = {"tag", "unit", "option", "kinds", "bounds"}
"""Sections whose words others choose."""
PATHS = ["/", "/api", "/api/problems", "/nosuch", "/?case=purple"]


@pytest.fixture(scope="module")
def answers(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, httpx.Response]:
    """What is answered to each of them."""
    with engine.connect() as opened, opened.begin() as outer:
        with site(opened, tmp_path_factory.mktemp("answers")) as made:
            found = {path: made.client.get(path) for path in PATHS}
        outer.rollback()
    return found


@pytest.mark.parametrize("path", PATHS)
def test_a_page_runs_no_script_and_loads_nothing_from_elsewhere(answers: dict[str, httpx.Response], path: str) -> None:
    answer = answers[path]

    assert "<script" not in answer.text
    assert not re.search(r"\s(on\w+|style)=", answer.text)
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*"', answer.text)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_says_who_may_frame_it_and_what_it_may_load(answers: dict[str, httpx.Response], path: str) -> None:
    headers = answers[path].headers

    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy == {"default-src": "'none'", "style-src": "'self'", "img-src": "'self'", "form-action": "'self'",
                      "base-uri": "'none'", "frame-ancestors": "'none'"}  # fmt: skip
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_a_page_the_reader_has_already_is_not_sent_again(pages: Site) -> None:
    first = pages.get("/api")

    again = pages.get("/api", 304, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})

    assert again.content == b""
    assert first.headers["cache-control"] == "public, max-age=0, must-revalidate"
    assert pages.get("/api?lang=en").headers["etag"] != first.headers["etag"]


def test_asking_for_the_head_alone_answers_like_the_page(pages: Site) -> None:
    page, head = pages.get("/"), pages.client.head("/")

    assert (head.status_code, head.headers["etag"]) == (200, page.headers["etag"])


def test_static_files_are_kept_for_ever_under_the_hash_of_what_they_are(pages: Site) -> None:
    found = re.findall(r'href="(/static/[^"]+)"', pages.get("/").text)

    assert len(found) == 2
    for path in found:
        assert re.search(r"\.[0-9a-f]{12}\.(css|svg)$", path)
        assert pages.get(path).headers["cache-control"] == "public, max-age=31536000, immutable"
    pages.get("/static/site.000000000000.css", 404)
    pages.get("/static/..%2fpages.py", 404)


@pytest.mark.parametrize(("lang", "said"), [("zh", "没有这个页面"), ("en", "There is no such page")])
def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(pages: Site, lang: str, said: str) -> None:
    assert said in pages.read(f"/nosuch?lang={lang}", 404)
    assert pages.get("/v1/nosuch", 404).json()["problems"][0]["code"] == "route-unknown"


def test_a_fault_is_a_page_that_says_so_tells_no_detail_and_is_not_kept(pages: Site) -> None:
    pages.connection.execute(sa.text("ALTER TABLE specialty RENAME TO gone"))
    with pytest.raises(ProgrammingError):
        pages.get("/")  # as it reaches the server's log

    answer = TestClient(pages.client.app, raise_server_exceptions=False).get("/")

    assert answer.status_code == 500
    assert "系统出错了" in answer.text
    assert "specialty" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_a_page_shows_no_more_to_somebody_with_a_token(pages: Site) -> None:
    assert pages.get("/", headers={"Authorization": "Bearer nonsense"}).text == pages.get("/").text


def test_everything_said_has_both_languages_and_is_used() -> None:
    templates = "".join(environment().loader.get_source(environment(), name)[0]  # type: ignore[union-attr]
                        for name in environment().list_templates())  # fmt: skip
    said = templates + "".join(file.read_text("utf-8") for file in Path(words.__file__).parent.glob("*.py"))
    for section, texts in words.table("pages").items():
        for name, text in texts.items():
            assert set(text) == {"zh", "en"}, (section, name)
            assert all(text.values()), (section, name)
            assert set(re.findall(r"\{\w+\}", text["zh"])) == set(re.findall(r"\{\w+\}", text["en"])), (section, name)
            assert f"{section}.{name}" in said or f'"{section}.' in said or section in OTHERS, (section, name)
