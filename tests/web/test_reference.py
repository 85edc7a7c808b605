"""The API's reference: it lists everything there is, and every request in it can be copied."""

import json
import re
import shlex

import pytest

from specialty_eval.text import codes
from specialty_eval.web.reference import grouped
from specialty_eval.web.words import Words
from web.site import Site


def test_it_lists_every_route_of_the_document_once(still: Site) -> None:
    document = still.get("/v1/openapi.json").json()
    html = still.get("/api").text

    listed = re.findall(r'<h3 id="([^"]+)"><span class="method">(\w+)</span> <code>([^<]+)</code>', html)

    assert sorted((method, path) for _, method, path in listed) == sorted(
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    )
    assert len({anchor for anchor, _, _ in listed}) == len(listed)


def test_its_own_links_lead_somewhere(still: Site) -> None:
    html = still.get("/api").text

    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(re.findall(r'id="([^"]+)"', html))


def test_every_body_field_of_the_document_is_told(still: Site) -> None:
    document = still.get("/v1/openapi.json").json()
    named = document["components"]["schemas"]
    routes = {f"{r.method} {r.path}": r for _, group in grouped(document) for r in group}

    for path, methods in document["paths"].items():
        for method, said in methods.items():
            schema = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            fields = named[schema["$ref"].rpartition("/")[2]].get("properties", {}) if "$ref" in schema else {}
            assert set(fields) <= {field.name for _, field in routes[f"{method.upper()} {path}"].body}, path


def test_every_example_is_one_command_and_its_body_is_json(still: Site) -> None:
    routes = [r for _, group in grouped(still.get("/v1/openapi.json").json()) for r in group]

    for route in routes:
        words = shlex.split(route.example.replace("\\\n", ""))
        assert words[0] == "curl", route.example
        assert "{" not in next(word for word in words if word.startswith("$BASE")), route.example
        if "-d" in words:
            assert isinstance(json.loads(words[words.index("-d") + 1]), dict | list), route.example


def test_what_it_calls_open_needs_no_sign_in(still: Site) -> None:
    routes = [r for _, group in grouped(still.get("/v1/openapi.json").json()) for r in group if r.is_open]

    assert len(routes) > 10
    for route in routes:
        address = re.sub(r"\{\w+\}", "1", route.path)
        assert still.client.request(route.method, address).status_code in {200, 404, 422}, route.path


def test_a_call_is_told_in_chinese_and_in_english_where_it_has_no_chinese_yet(still: Site) -> None:
    assert "用登录名和密码登录。" in still.read("/api")
    assert "Sign in with login and password." in still.read("/api?lang=en")
    assert Words("zh").route("GET /v1/nosuch", "What it does.") == "What it does."


def test_it_lists_every_problem_code_with_what_to_do(still: Site) -> None:
    html = still.get("/api/problems").text

    assert sorted(re.findall(r'<tr id="([^"]+)">', html)) == sorted(codes())
    assert "请重新读取后再操作" in html


@pytest.mark.parametrize("path", ["/api", "/api/problems"])
def test_it_is_there_in_both_languages_without_a_database(still: Site, path: str) -> None:
    assert still.counted(path) == 0
    assert "API" in still.read(f"{path}?lang=en")
