"""Whatever a request holds, it gets one problem document with every reason, in both languages, and changes nothing."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from contents import contents
from e2e.server import Callers, serving
from factories import City, make_city, make_cycle, open_round
from listening import listening
from small_policy import POLICY
from specialty_eval import connections
from specialty_eval.store.base import make_engine

JSON = {"Content-Type": "application/json"}
FIGURES = '{"figures": {"graduates": "1"}, "self_evaluation": ""}'


@dataclass
class Served:
    """A server over a round that is collecting; `review` is one of head-one's."""

    callers: Callers
    city: City
    review: int
    engine: sa.Engine
    known: dict[str, str] = field(default_factory=dict)

    def send(self, who: str, method: str, path: str, content: bytes | str = b"", **headers: str) -> httpx.Response:
        """One request of exactly these bytes."""
        if who:
            self.callers.get(who, "/v1/me")
            headers["Authorization"] = f"Bearer {self.callers.tokens[who][0]}"
        return self.callers.http.request(method, self.callers.base + path, headers=headers, content=content)

    def told(self, answer: httpx.Response, status: int) -> list[tuple[str, str]]:
        """(code, where) of every reason of a well-made refusal."""
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
        said = answer.json()
        assert (said["status"], said["count"]) == (status, sum(said["totals"].values()))
        for problem in said["problems"]:
            assert problem["zh"] != problem["code"]
            assert all(problem[key] for key in ("zh", "en", "next_zh", "next_en"))
        return [(problem["code"], problem["where"]) for problem in said["problems"]]

    def draft(self, content: bytes | str) -> list[tuple[str, str]]:
        """What is said of this body of a school's draft."""
        path = f"/v1/reviews/{self.review}/evidence"
        return self.told(self.send("head-one", "PUT", path, content, **JSON), 422)

    def contents(self) -> dict[str, str]:
        """What every table but sign-ins holds."""
        return contents(self.engine, apart={"sign_in"})


@pytest.fixture(scope="module")
def world(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    from conftest import copied  # noqa: PLC0415 -- the fixtures' own way to a database

    with copied(server_url, template) as url:
        engine = make_engine(url, pool_size=1)
        with Session(engine, expire_on_commit=False) as session:
            city = make_city(session)
            reviews = open_round(city, make_cycle(city, policy=POLICY))
            session.commit()
        with serving(url, tmp_path_factory.mktemp("files")) as callers:
            callers.clock.now = city.now
            made = Served(callers, city, reviews["one-a"], engine)
            made.known = made.contents()
            yield made
        engine.dispose()


@pytest.fixture
def served(world: Served) -> Iterator[Served]:
    """The shared server; whatever a test sends must leave everything as it was."""
    yield world
    before, world.known = world.known, world.contents()
    assert world.known == before


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_every_field_that_is_wrong_is_named_at_once(served: Served) -> None:
    body = {"figures": {"graduates": 1, "employed": None}, "sources": [], "self_evaluation": 3, "more": True}
    assert sorted(served.draft(json.dumps(body))) == [
        ("field-unknown", "body.more"),
        ("request-field-wrong", "body.figures.employed"),
        ("request-field-wrong", "body.figures.graduates"),
        ("request-field-wrong", "body.self_evaluation"),
        ("request-field-wrong", "body.sources"),
    ]
    assert served.draft("{}") == [("field-missing", "body.figures")]


@pytest.mark.parametrize("value", ["1e3", "１２", "NaN", "-1", "1,000", "12.0", "0x10", "∞", "true", "9" * 101])
def test_a_figure_that_is_no_number_is_named_beside_the_others(served: Served, value: str) -> None:
    said = served.draft(json.dumps({"figures": {"graduates": value, "employed": value, "salary": "1", "posts": "1"}}))
    wheres = {where for _, where in said}
    assert wheres == {"measures.graduates", "measures.employed", "measures.salary", "measures.posts"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [("field-missing", "body")]),
        (b"{", [("json-unreadable", "body")]),
        (b"{'figures': {}}", [("json-unreadable", "body")]),
        (b"\xff\xfe", [("json-unreadable", "body")]),
        ('{"figures": {"graduates": "德州"}}'.encode("gb18030"), [("json-unreadable", "body")]),
        (FIGURES.encode("utf-16"), [("json-unreadable", "body")]),
        (b"\xef\xbb\xbf{}", [("json-unreadable", "body")]),
        (b'{"figures": NaN}', [("json-unreadable", "body")]),
        (b'{"figures": -Infinity}', [("json-unreadable", "body")]),
        (b'{"figures": ' + b"1" * 5000 + b"}", [("json-unreadable", "body")]),
        (b"[" * 200_000, [("json-too-deep", "body")]),
        (b"[" * 500 + b"]" * 500, [("json-too-deep", "body")]),
        (b'{"a":' * 200 + b"1" + b"}" * 200, [("json-too-deep", "body")]),
        (b'{"figures": {"graduates": "1", "graduates": "2"}, "figures": {}}',
         [("json-key-twice", "body"), ("json-key-twice", "body")]),
        (b'{"figures": {"graduates": "1\\u0000"}, "self_evaluation": "\\ud800"}',
         [("text-not-storable", "body.self_evaluation"), ("text-not-storable", "body.figures.graduates")]),
        (b'{"figures": {"\\u0000": "1", "\\udfff": "1"}}',
         [("text-not-storable", "body.figures.\\u0000"), ("text-not-storable", "body.figures.\\udfff")]),
        (b'{"figures": {}, "self_evaluation": "a\\u0002"}', [("text-has-unseen-character", "body.self_evaluation")]),
        ('{"figures": {}, "self_evaluation": "\u202egpj"}', [("text-has-unseen-character", "body.self_evaluation")]),
        ('{"figures": {}, "self_evaluation": " \u200b\\n"}', [("text-has-unseen-character", "body.self_evaluation")]),
        (b'{"figures": {}, "sources": {"graduates": "a\\nb"}, "self_evaluation": "a\\n\\tb"}',
         [("text-has-control-character", "body.sources.graduates")]),
        (b"null", [("request-field-wrong", "body")]),
        (b"[]", [("request-field-wrong", "body")]),
        (b'"text"', [("request-field-wrong", "body")]),
        (b"1e400", [("request-field-wrong", "body")]),
    ],
)  # fmt: skip
def test_what_is_no_json_of_ours_is_told_as_such(
    served: Served, content: bytes | str, expected: list[tuple[str, str]]
) -> None:
    assert served.draft(content) == expected


@pytest.mark.parametrize("number", ["示例\u0002〔2026〕9号", "示例\n〔2026〕9号", "示例\u200b〔2026〕9号", "\u202e号9"])
def test_a_number_of_a_document_and_a_name_are_one_line_that_is_what_it_looks_like(served: Served, number: str) -> None:
    path = "/v1/enrolment-plans/1/approve"
    found = served.told(
        served.send("bureau-approver", "POST", path, json.dumps({"document_number": number}), **JSON), 422
    )
    assert found in ([("text-has-control-character", "body.document_number")],
                     [("text-has-unseen-character", "body.document_number")])  # fmt: skip
    found = served.told(served.send("", "POST", "/v1/publications/1/objections", json.dumps(
        {"review": 1, "name": "\u200b", "contact": "1", "grounds": "a"}), **JSON), 422)  # fmt: skip
    assert found == [("text-has-unseen-character", "body.name")]


@pytest.mark.parametrize(
    "name", ["a/../b.pdf", "/etc/passwd.pdf", "a\r\nb.pdf", "a\u0001.pdf", "\u202egpj.pdf", "..", " "]
)
def test_a_file_has_a_name_and_no_path(served: Served, name: str) -> None:
    path = f"/v1/reviews/{served.review}/attachments?measure=graduates&name={quote(name)}"
    pdf = {"Content-Type": "application/pdf"}
    assert served.told(served.send("head-one", "POST", path, b"%PDF-1.7", **pdf), 422) == [("file-name-wrong", "name")]
    unknown = f"/v1/reviews/{served.review}/attachments?measure=a%02&name=a.pdf"
    found = served.told(served.send("head-one", "POST", unknown, b"%PDF-1.7", **pdf), 422)
    assert found == [("measure-unknown", "measure")]
    staged = f"/v1/staged-files?policy=small@1&name={quote(name)}"
    csv = {"Content-Type": "text/csv"}
    assert served.told(served.send("head-one", "POST", staged, b"a,b", **csv), 422) == [("file-name-wrong", "name")]


def test_a_number_no_row_can_have_and_one_that_names_nothing_are_refused(served: Served) -> None:
    path = f"/v1/reviews/{served.review}/experts"
    for people, expected in (([2**63], [("number-too-large", "body.people.0")]),
                             ([-(10**30), 10**30], [("number-too-large", "body.people.1"),
                                                    ("number-too-large", "body.people.0")])):  # fmt: skip
        answer = served.send("secretary", "POST", path, json.dumps({"people": people}), **JSON)
        assert served.told(answer, 422) == expected
    answer = served.send("secretary", "POST", path, json.dumps({"people": [2**62]}), **JSON)
    assert answer.status_code in {404, 409, 422}


@pytest.mark.parametrize(
    "day", ["2026-02-30", "2026-13-01", "9999-12-31", "0000-01-01", "２０２６-０１-０１", "tomorrow", 5]
)
def test_a_day_that_does_not_exist_or_is_beyond_every_calendar_is_refused(served: Served, day: object) -> None:
    body = json.dumps({"until": day, "reason": "示例"})
    answer = served.send("secretary", "POST", f"/v1/reviews/{served.review}/extend", body, **JSON)
    assert served.told(answer, 422) == [("request-field-wrong", "body.until")]
    assert answer.json()["problems"][0]["facts"]["expected"] == "2026-03-31"


def test_only_json_is_taken_where_json_is_due(served: Served) -> None:
    path = f"/v1/reviews/{served.review}/evidence"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", ""):
        answer = served.send("head-one", "PUT", path, FIGURES, **{"Content-Type": kind})
        assert served.told(answer, 415) == [("media-type-unknown", path)]


# --- bodies beyond the limit -----------------------------------------------------------------------------------------

HEAD = "{method} {path} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n{more}\r\n"


def raw(served: Served, path: str, more: str, *, endless: bool, method: str = "PUT") -> tuple[bytes, int]:
    """(the first bytes of the answer, how many were sent) of a request that goes on until it is answered."""
    address = httpx.URL(served.callers.base)
    sent, piece = 0, b"10000\r\n" + b" " * 65536 + b"\r\n"
    with socket.create_connection((str(address.host), address.port or 0), timeout=20) as line:
        line.sendall(HEAD.format(method=method, path=path, more=more).encode())
        line.settimeout(0.05 if endless else 20)
        while True:
            try:
                return line.recv(65536), sent
            except TimeoutError:
                assert sent < 80 << 20
                line.settimeout(20)
                try:
                    line.sendall(piece)
                    sent += len(piece)
                except OSError:
                    return line.recv(65536), sent
                line.settimeout(0.001)


@pytest.mark.parametrize("path", ["/v1/policies", "/v1/imports/schools", "/v1/reviews/1/attachments?measure=a&name=b"])
def test_a_body_of_a_gigabyte_is_refused_by_its_length_unread(served: Served, path: str) -> None:
    for who in ("", "x"):
        more = f"Content-Length: {1 << 30}\r\n" + (f"Authorization: Bearer {who}\r\n" if who else "")
        answer, sent = raw(served, path, more, endless=False, method="POST")
        assert (answer.split(b" ")[1], b"body-too-large" in answer or b"problem+json" in answer, sent) == (
            b"413", True, 0)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/policies", b"401"), ("/v1/imports/schools", b"401"), ("/v1/sign-out", b"413")]
)
def test_a_body_that_says_no_length_is_refused_at_its_limit(served: Served, path: str, status: bytes) -> None:
    answer, sent = raw(served, path, "Transfer-Encoding: chunked\r\n", endless=True, method="POST")
    assert answer.split(b" ")[1] == status
    assert sent < 16 << 20


@pytest.mark.parametrize("length", [f"Content-Length: {40 << 20}", "Transfer-Encoding: chunked"])
def test_nobody_sends_a_file_by_showing_what_is_no_sign_in(served: Served, length: str) -> None:
    for shown, status in (("Bearer nobody", b"401"), ("Basic eDp5", b"401")):
        more = f"{length}\r\nAuthorization: {shown}\r\n"
        answer, sent = raw(served, "/v1/imports/schools", more, endless=True, method="POST")
        assert answer.split(b" ")[1] == status
        assert sent < 16 << 20


def test_whoever_is_known_sends_a_file_beyond_a_megabyte(served: Served) -> None:
    served.callers.get("administrator", "/v1/me")
    text = "code,scheme,name,kind,run_by,jurisdiction_code\n" + "1,2,3,4,5,6\n" * 200_000
    headers = {"Authorization": f"Bearer {served.callers.tokens['administrator'][0]}", "Content-Type": "text/csv"}
    answer = served.callers.http.post(served.callers.base + "/v1/imports/schools", headers=headers, content=text)
    assert served.told(answer, 413)[0][0] == "too-many-rows"


def test_a_length_that_is_none_is_refused(served: Served) -> None:
    for length in ("-1", "1e9", "１", "99999999999999999999999"):
        answer, _ = raw(served, "/v1/policies", f"Content-Length: {length}\r\n", endless=False, method="POST")
        assert answer.split(b" ")[1] in {b"400", b"413"}


@pytest.mark.parametrize("path", ["/v1/schools", "/v1/me", "/", "/v1/specialties/x/status"])
def test_a_header_of_64_kilobytes_is_refused(served: Served, path: str) -> None:
    answer, _ = raw(served, path, f"X-Long: {'a' * (64 << 10)}\r\n", endless=False, method="GET")
    assert answer.split(b" ")[1] == b"431"


def test_a_head_without_end_is_refused_at_its_limit(served: Served) -> None:
    address = httpx.URL(served.callers.base)
    for begun in (b"GET /v1/schools HTTP/1.1\r\nX-Long: ", b"GET /v1/schools?", b"GET / HTTP/1.1\r\nA: b\r\n"):
        with socket.create_connection((str(address.host), address.port or 0), timeout=20) as line:
            line.sendall(begun)
            sent, answer = 0, b""
            line.settimeout(0.02)
            while sent < 8 << 20:
                try:
                    answer = line.recv(1000)
                    break
                except TimeoutError:
                    try:
                        line.sendall(b"a" * 16384)
                        sent += 16384
                    except OSError:
                        answer = b"HTTP/1.1 431"
                        break
            assert (answer[9:12], sent < 1 << 20) == (b"431", True)


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nX-Drip: a"])
def test_a_connection_that_asks_for_nothing_ends(served: Served, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    address = httpx.URL(served.callers.base)
    with socket.create_connection((str(address.host), address.port or 0), timeout=10) as line:
        if begun:  # after a first request in time
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert line.recv(1000).startswith(b"HTTP/1.1 200")
            line.sendall(begun)
        while line.recv(1000):
            pass


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What the server and the application log."""
    with listening("uvicorn.error", "specialty_eval") as said:
        yield said


@pytest.mark.parametrize("more", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_cut_off_changes_nothing_and_is_nobodys_fault(served: Served, faults: list[str], more: str) -> None:
    served.callers.get("head-one", "/v1/me")
    token = f"Authorization: Bearer {served.callers.tokens['head-one'][0]}\r\n"
    address = httpx.URL(served.callers.base)
    for method, path in (("PUT", f"/v1/reviews/{served.review}/evidence"), ("POST", "/v1/status/query"),
                         ("POST", f"/v1/reviews/{served.review}/attachments?measure=a&name=b")):  # fmt: skip
        with socket.create_connection((str(address.host), address.port or 0), timeout=20) as line:
            line.sendall(HEAD.format(method=method, path=path, more=f"{more}\r\n{token}").encode())
            line.sendall(FIGURES.encode() if "Length" in more else b"36\r\n" + FIGURES.encode())
            time.sleep(0.2)
    time.sleep(0.3)
    assert served.send("head-one", "GET", f"/v1/reviews/{served.review}").status_code == 200
    assert faults == []


# --- paths and queries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["99999999999999999999", "9223372036854775808", "-1", "0", "+1", "1_0", "1e3", "abc", "%00", "1%00", "%EF%BC%91",
     "x" * 5000, "%ED%A0%80", "NaN", "1.0", "%20" + "1"],
)  # fmt: skip
def test_a_path_that_can_name_nothing_is_not_found(served: Served, name: str) -> None:
    for who, method, path, content in (
        ("secretary", "GET", "/v1/reviews/{}", ""), ("secretary", "GET", "/v1/cycles/{}", ""),
        ("secretary", "GET", "/v1/rounds/{}", ""), ("head-one", "PUT", "/v1/reviews/{}/evidence", FIGURES),
        ("secretary", "POST", "/v1/rounds/{}/remind", ""), ("", "GET", "/v1/publications/{}", ""),
    ):  # fmt: skip
        told = served.told(served.send(who, method, path.format(name), content, **JSON), 404)
        assert [code for code, _ in told] == ["not-found"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "request-field-wrong"), ("limit=501", "request-field-wrong"), ("limit=1e3", "request-field-wrong"),
        ("limit=abc", "request-field-wrong"), ("limit=99999999999999999999", "request-field-wrong"),
        ("after=x", "cursor-unknown"), ("after=", "cursor-unknown"), ("after=%00", "text-not-storable"),
        ("after=W10", "cursor-unknown"), ("after=WyJhIl0", "cursor-unknown"), ("after=W3RydWVd", "cursor-unknown"),
        ("after=WzEuNV0", "cursor-unknown"), ("after=WzEsMl0", "cursor-unknown"),
        ("after=" + "x" * 401, "request-field-wrong"),
        ("after=WzkyMjMzNzIwMzY4NTQ3NzU4MDhd", "cursor-unknown"), ("after=W1sxXV0", "cursor-unknown"),
        ("state=%00", "text-not-storable"),
    ],
)  # fmt: skip
def test_a_query_that_is_wrong_is_refused(served: Served, query: str, code: str) -> None:
    for path in ("/v1/appeals", f"/v1/rounds/{1}/reviews"):
        assert [c for c, _ in served.told(served.send("secretary", "GET", f"{path}?{query}"), 422)] == [code]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "after=x"])
def test_a_page_that_is_none_is_refused_although_a_whole_workbook_is_asked_for(served: Served, query: str) -> None:
    asked = served.send("secretary", "GET", f"/v1/appeals?format=xlsx&{query}")
    assert [where for _, where in served.told(asked, 422)] == [
        "after" if query == "after=x" else "query.limit",
    ]  # fmt: skip
    assert served.send("secretary", "GET", "/v1/appeals?format=xlsx&limit=5").status_code == 200


def test_every_wrong_parameter_is_named_at_once(served: Served) -> None:
    answer = served.send("", "GET", "/v1/specialties?limit=0&level=high&class=99&county=x&closed=maybe")
    assert sorted(where for _, where in served.told(answer, 422)) == [
        "query.class", "query.closed", "query.county", "query.level", "query.limit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/v1/enrolment-plans?academic_year=2026.0", "query.academic_year"),
        ("/v1/enrolment-plans?academic_year=%202026", "query.academic_year"),
        ("/v1/rounds?cycle=1.0", "query.cycle"), ("/v1/assignments?round=1_0", "query.round"),
        ("/v1/appeals?limit=5.0", "query.limit"), ("/v1/appeals?state=bogus", "query.state"),
        ("/v1/rounds/1/reviews?state=bogus", "query.state"), ("/v1/rectifications?state=bogus", "query.state"),
    ],
)  # fmt: skip
def test_a_number_that_is_none_and_a_state_there_is_none_of_are_refused(served: Served, path: str, where: str) -> None:
    answer = served.send("secretary", "GET", path)
    assert served.told(answer, 422) == [("request-field-wrong", where)]
    if path.endswith("bogus"):
        assert "'" in answer.json()["problems"][0]["facts"]["expected"]  # the states there are


def test_an_unknown_kind_of_event_is_refused(served: Served) -> None:
    answer = served.send("", "GET", "/v1/events?types=bogus&types=review.confirm")
    assert served.told(answer, 422) == [("event-kind-unknown", "types")]


NO_DAYS = (1893456000, 1893456000.0, "1893456000", 0, "0", "86400", True, "2027-12-31T00:00:00Z", "2027-12-31 00:00",
           "2027-12-31T00:00:00", "20271231", "2027-1-1", " 2027-12-31", "２０２７-12-31", "")  # fmt: skip


@pytest.mark.parametrize("day", NO_DAYS)
def test_what_is_not_written_as_a_day_is_none(served: Served, day: object) -> None:
    at = served.review
    for who, path, body in (
        ("administrator", "/v1/people/1/roles", {"role": "planner", "organisation_id": 1, "valid_from": day}),
        ("secretary", "/v1/committee/members/1/end", {"last_day": day}),
        ("secretary", f"/v1/reviews/{at}/extend", {"until": day, "reason": "示例"}),
        ("head-one", "/v1/rectifications/1/plan", {"plan": "示例", "milestones": [{"text": "示例", "due": day}]}),
    ):
        answer = served.send(who, "POST", path, json.dumps(body), **JSON)
        assert [code for code, _ in served.told(answer, 422)] == ["request-field-wrong"], path
        assert answer.json()["problems"][0]["facts"]["expected"] == "2026-03-31"


@pytest.mark.parametrize("query", ["valid_at=86400", "valid_at=2026-01-01T00:00:00Z", "known_at=1767225600",
                                   "known_at=2026-01-01", "known_at=2026-01-01%2000:00:00Z"])  # fmt: skip
def test_what_is_not_written_as_a_day_or_an_instant_is_none_in_a_query(served: Served, query: str) -> None:
    answer = served.send("", "GET", f"/v1/specialties/{served.city.codes['one-a']}/status?{query}")
    assert [code for code, _ in served.told(answer, 422)] == ["request-field-wrong"]


@pytest.mark.parametrize("year", [0, 1899, 2027, 9999, 1_000_000_000])
def test_figures_are_of_a_year_that_has_come(served: Served, year: int) -> None:
    code = served.city.codes["one-b"]
    body = json.dumps({"policy_id": "small", "policy_version": "1", "figures": {"graduates": "1"}})
    answer = served.send("head-one", "PUT", f"/v1/specialties/{code}/report/{year}", body, **JSON)
    assert [found for found, _ in served.told(answer, 422)] == ["year-not-reported-on"]


def test_an_instant_without_a_zone_is_no_instant(served: Served) -> None:
    for query in ("known_at=2026-01-01T00:00:00", "known_at=2026-02-30T00:00:00Z", "valid_at=2026-02-30"):
        answer = served.send("", "GET", f"/v1/specialties/{served.city.codes['one-a']}/status?{query}")
        assert [code for code, _ in served.told(answer, 422)] == ["request-field-wrong"]


def test_an_unknown_route_a_wrong_method_and_a_bad_header_are_refused_in_the_same_words(served: Served) -> None:
    assert served.told(served.send("", "GET", "/v1/nothing"), 404) == [("route-unknown", "/v1/nothing")]
    assert served.told(served.send("", "GET", "/v1/schools/"), 404)[0][0] in {"route-unknown", "not-found"}
    answer = served.send("", "DELETE", "/v1/schools")
    assert served.told(answer, 405) == [("method-not-allowed", "/v1/schools")]
    assert answer.headers["allow"] == "GET"
    answer = served.send("", "DELETE", "/v1/cycles")
    assert (served.told(answer, 405), answer.headers["allow"]) == ([("method-not-allowed", "/v1/cycles")], "GET, POST")
    assert served.told(served.send("", "DELETE", "/sandbox/v1/codes"), 405)[0][0] == "method-not-allowed"
    for header, value, code in (
        ("If-Match", "x", "if-match-malformed"),
        ("Idempotency-Key", "x y", "idempotency-key-malformed"),
        ("Idempotency-Key", "x" * 201, "idempotency-key-malformed"),
    ):
        answer = served.send(
            "head-one", "PUT", f"/v1/reviews/{served.review}/evidence", FIGURES, **JSON, **{header: value}
        )
        assert [found for found, _ in served.told(answer, 422)] == [code]
    answer = served.send("", "GET", "/v1/me", Authorization="Bearer nobody")
    assert served.told(answer, 401)[0][0] == "sign-in-expired"


# --- policies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("id: small", "id: small\nid: other"), "duplicate-key"),
        (("id: small", "id: &a small\nnote: *a"), "yaml-anchor"),
        (("id: small", "id: yes"), "text-not-quoted"),
        (("id: small", 'id: "\\0"'), ""),
        (("id: small", "id: !!python/object:os.system small"), ""),
        (("id: small", "[" * 10_000), ""),
    ],
)
def test_a_policy_that_is_wrong_is_told_all_its_mistakes_and_not_kept(
    served: Served, change: tuple[str, str], code: str
) -> None:
    text = POLICY.replace(*change, 1).replace("version:", "versions:", 1)
    assert text != POLICY
    answer = served.send("policy-editor", "POST", "/v1/policies", json.dumps({"text": text}), **JSON)
    codes = [found for found, _ in served.told(answer, 422)]
    assert (code in codes) if code else codes


def test_aliases_that_expand_without_end_are_refused_unexpanded(served: Served) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    answer = served.send("policy-editor", "POST", "/v1/policies", json.dumps({"text": "\n".join(lines)}), **JSON)
    assert {"yaml-anchor", "yaml-alias"} <= {code for code, _ in served.told(answer, 422)}


def test_a_policy_beyond_a_megabyte_is_refused_unread(served: Served) -> None:
    body = json.dumps({"text": POLICY + "#" * (1 << 20)})
    assert served.told(served.send("policy-editor", "POST", "/v1/policies", body, **JSON), 413) == [
        ("body-too-large", "body")
    ]


def test_an_instant_that_no_calendar_reaches_is_refused_by_name(served: Served) -> None:
    body = {"round": 1, "title": "示例会议", "held_at": "9999-12-31T23:59:59Z"}
    answer = served.send("secretary", "POST", "/v1/meetings", json.dumps(body), **JSON)
    assert ("request-field-wrong", "body.held_at") in served.told(answer, 422)


def test_nobody_is_told_what_will_be_known(served: Served) -> None:
    path = f"/v1/specialties/{served.city.codes['one-a']}/status?known_at=2099-01-01T00:00:00Z"
    assert served.told(served.send("", "GET", path), 422) == [("not-known-yet", "known_at")]
