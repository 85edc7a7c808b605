"""Files over HTTP: every reason in one answer by either door, all of a file or nothing, and only from whom it may."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from contents import contents
from e2e.server import Callers, serving
from factories import City, make_city
from small_policy import POLICY
from specialty_eval.actions.intake import CSV, XLSX
from specialty_eval.store.base import make_engine
from spreadsheets import SHEET, patched, with_sheet, workbook

Row = tuple[object, ...]
SCHOOLS = ("code", "scheme", "name", "kind", "run_by", "jurisdiction_code")
NEW_SCHOOL = ("3637000009", "education", "示例新校", "secondary", "county", "371402")
SPECIALTIES = ("school_code", "catalogue_code", "opened_on")
QUOTAS = ("school_code", "catalogue_code", "academic_year", "quota", "capacity", "source")
FIGURES = ("school_code", "catalogue_code", "year", "graduates")


@dataclass
class Served:
    """A server and the city in its database."""

    callers: Callers
    city: City
    engine: sa.Engine

    def load(self, who: str, kind: str, content: bytes, media_type: str = CSV, **more: Any) -> httpx.Response:
        """One file, sent by this person."""
        self.callers.get(who, "/v1/me")
        headers = {"Content-Type": media_type, **more.pop("headers", {})}
        if who:
            headers["Authorization"] = f"Bearer {self.callers.tokens[who][0]}"
        to = f"{self.callers.base}/v1/imports/{kind}"
        return self.callers.http.post(to, content=content, headers=headers, params=more)

    def contents(self) -> dict[str, str]:
        """What every table holds that says something of the world."""
        return contents(self.engine, apart={"sign_in", "idempotent_reply"})


@pytest.fixture
def served(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        city = make_city(session)
        session.commit()
    with serving(fresh_database, tmp_path) as callers:
        callers.post("policy-editor", "/v1/policies", {"text": POLICY}, 201)
        yield Served(callers, city, engine)
    engine.dispose()


def as_csv(*rows: Row) -> bytes:
    """The rows as a plain CSV file."""
    return "".join(",".join("" if cell is None else str(cell) for cell in row) + "\n" for row in rows).encode()


DOORS: tuple[tuple[str, Callable[..., bytes]], ...] = ((CSV, as_csv), (XLSX, lambda *rows: workbook(rows)))
"""Media type → the rows as such a file."""


def told(answer: httpx.Response) -> list[tuple[str, int, str]]:
    """(code, row, column) of every problem."""
    return [(p["code"], p["facts"]["row"], p["facts"]["column"]) for p in answer.json()["problems"]]


WRONG: dict[str, tuple[str, str, tuple[Row, ...], list[tuple[str, int, str]]]] = {
    "an unknown column and a missing one": (
        "administrator", "schools", ((*SCHOOLS[:5], "area"), NEW_SCHOOL),
        [("missing-column", 1, "jurisdiction_code"), ("unknown-column", 1, "area")],
    ),
    "words where codes are due, a number that is none, an empty cell": (
        "administrator", "schools", (SCHOOLS, ("三六", "yes", "", "college", "county", "1e3")),
        [("not-this-shape", 2, "code"), ("not-one-of", 2, "scheme"), ("cell-empty", 2, "name"),
         ("not-this-shape", 2, "jurisdiction_code")],
    ),
    "the same row twice": (
        "administrator", "schools", (SCHOOLS, NEW_SCHOOL, NEW_SCHOOL), [("row-repeated", 3, "code")],
    ),
    "another city's rows": (
        "administrator", "schools", (SCHOOLS, (*NEW_SCHOOL[:5], "370000")),
        [("outside-your-city", 2, "jurisdiction_code")],
    ),
    "another school's rows": (
        "editor-one", "figures", (FIGURES, ("3637000001", "710201", 2024, 10), ("3637000002", "710201", 2024, 10)),
        [("row-of-another-school", 3, "school_code")],
    ),
    "numbers such as 1e3, １２, NaN": (
        "secretary", "quotas",
        (QUOTAS, ("3637000001", "710201", "1e3", "１２", "NaN", "示例"),
         ("3637000001", "660103", 2025, "-1", "0x10", "示例")),
        [("not-a-number", 2, "academic_year"), ("not-a-number", 2, "quota"), ("not-a-number", 2, "capacity"),
         ("out-of-range", 3, "quota"), ("not-a-number", 3, "capacity")],
    ),
    "days that do not exist": (
        "administrator", "specialties",
        (SPECIALTIES, ("3637000002", "660103", "2025-02-29"), ("3637000003", "660103", "2025-9-1"),
         ("3637000003", "710299", "２０２５-０９-０１")),
        [("not-a-date", 2, "opened_on"), ("not-a-date", 3, "opened_on"), ("not-a-date", 4, "opened_on")],
    ),
    "a formula for a name": (
        "administrator", "schools", (SCHOOLS, (*NEW_SCHOOL[:2], "=1+1", *NEW_SCHOOL[3:])),
        [("text-like-a-formula", 2, "name")],
    ),
}  # fmt: skip


def test_by_either_door_every_reason_is_told_at_once_and_nothing_changes(served: Served) -> None:
    before = served.contents()
    for who, kind, rows, expected in WRONG.values():
        more = {"policy": "small@1"} if kind == "figures" else {}
        for media_type, written in DOORS:
            answer = served.load(who, kind, written(*rows), media_type, **more)
            assert answer.headers["content-type"] == "application/problem+json"
            assert (answer.status_code, told(answer)) == (422, expected)
            assert all(p["zh"] and p["en"] and p["next_zh"] and p["next_en"] for p in answer.json()["problems"])
    assert served.contents() == before


def test_by_either_door_a_file_is_loaded_once(served: Served) -> None:
    rows = (SPECIALTIES, ("3637000002", "660103", date(2020, 9, 1)), ("3637000001", "710201", date(2015, 9, 1)))
    first, second = (served.load("administrator", "specialties", written(*rows), kind) for kind, written in DOORS)
    said = {"kind": "specialties", "rows": 2, "changed": 0, "dry_run": False}
    assert (first.status_code, first.json()) == (200, {**said, "new": 1, "unchanged": 1, "charset": "utf-8"})
    assert (second.status_code, second.json()) == (200, {**said, "new": 0, "unchanged": 2, "charset": None})


def test_a_dry_run_and_a_refused_file_write_nothing(served: Served) -> None:
    before = served.contents()
    answer = served.load("administrator", "schools", as_csv(SCHOOLS, NEW_SCHOOL), dry_run="true")
    assert (answer.status_code, answer.json()["new"], answer.json()["dry_run"]) == (200, 1, True)
    assert served.load("administrator", "schools", as_csv(SCHOOLS, NEW_SCHOOL), edition="2025").status_code == 422
    assert served.contents() == before


def test_the_first_thousand_problems_are_told_and_all_are_counted(served: Served) -> None:
    lines = [(f"36370{n:05d}", "education", "示例", "college!", "county", "371402") for n in range(1500)]
    said = served.load("administrator", "schools", as_csv(SCHOOLS, *lines)).json()
    assert (said["count"], said["totals"], len(said["problems"])) == (1500, {"not-one-of": 1500}, 1000)


def test_only_who_may_load_a_kind_gets_as_far_as_its_reasons(served: Served) -> None:
    before, wrong = served.contents(), as_csv(SCHOOLS, ("x",))
    for who in ("secretary", "head-one", "editor-one", "planner", "auditor", "chair", "nobody"):
        answer = served.load(who, "schools", wrong)
        assert (answer.status_code, list(answer.json()["totals"])) == (403, ["role-missing"])
    assert served.load("administrator", "ratings", wrong).status_code == 403
    assert served.load("administrator", "teachers", wrong).status_code == 404
    assert served.contents() == before


def test_a_repeated_file_with_its_key_gets_the_first_answer_and_another_file_is_refused(served: Served) -> None:
    content, key = as_csv(SCHOOLS, NEW_SCHOOL), {"Idempotency-Key": "schools-1"}
    first = served.load("administrator", "schools", content, headers=key)
    again = served.load("administrator", "schools", content, headers=key)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (200, first.content, "true")
    other = served.load("administrator", "schools", content + b"x", headers=key)
    assert (other.status_code, list(other.json()["totals"])) == (422, ["idempotency-key-reused"])


def test_a_file_in_gb18030_is_read_where_it_says_so_and_the_answer_says_as_what(served: Served) -> None:
    row = NEW_SCHOOL
    content = as_csv(SCHOOLS, row)
    told = [
        served.load("administrator", "schools", sent, f"{CSV}{said}").json()
        for sent, said in (
            (content.decode().encode("gb18030"), "; charset=GBK"),
            (b"\xef\xbb\xbf" + content, ""),
            (content, "; charset=gb18030"),
            (content, "; charset=latin-1"),
            (content, "; charset=utf8"),
            (content, "; charset=utf-8; header=present"),
            (content.decode().encode("gb18030"), '; header=present; charset="GB2312"'),
        )
    ]

    assert [(answer["charset"], answer["unchanged"]) for answer in told[1:2]] == [("utf-8", told[0]["new"])]
    assert told[0]["charset"] == "gb18030"
    assert [list(answer["totals"]) for answer in told[2:4]] == [["charset-either"], ["media-type-unknown"]]
    assert [(answer["charset"], answer["unchanged"]) for answer in told[4:]] == [
        (charset, told[0]["new"]) for charset in ("utf-8", "utf-8", "gb18030")
    ]


def test_what_cannot_be_read_is_refused_with_the_one_reason(served: Served) -> None:
    before = served.contents()
    heading = ",".join(SCHOOLS).encode() + b"\n"
    many = with_sheet('<row r="1">' + "<c><v>1</v></c>" * 1_000_000 + "</row>")
    bomb = patched(workbook([["x"]]), {"xl/media/zeros": bytes(200 << 20)})
    for media_type, content, status, code in (
        (CSV, b"", 422, "file-empty"),
        (XLSX, b"", 422, "not-a-workbook"),
        (CSV, heading + "示例".encode("gb18030"), 422, "not-utf-8"),
        (XLSX, patched(workbook([["x"]]), {SHEET: b"<worksheet>\xff</worksheet>"}), 422, "not-a-workbook"),
        (CSV, b"," * 900_000 + b"\n", 422, "too-many-columns"),
        (CSV, b"," * 1_000_001 + b"\n", 422, "line-too-long"),
        (XLSX, many, 413, "too-many-columns"),
        (XLSX, bomb, 413, "workbook-too-large"),
        (CSV, heading + b"a\n" * 200_001, 413, "too-many-rows"),
        (CSV, heading + b"a\0b\n", 422, "nul-in-file"),
        ("application/json", b"{}", 415, "media-type-unknown"),
        ("", b"x", 415, "media-type-unknown"),
        ("application/vnd.ms-excel", b"x", 415, "media-type-unknown"),
    ):
        answer = served.load("administrator", "schools", content, media_type)
        assert (answer.status_code, list(answer.json()["totals"])) == (status, [code])
    assert served.contents() == before


def test_the_kinds_say_their_columns_in_the_order_of_a_new_installation(served: Served) -> None:
    kinds = {found["kind"]: found for found in served.callers.get("", "/v1/imports")["items"]}
    assert list(kinds) == ["jurisdictions", "catalogue", "organisations", "schools", "specialties", "people",
                           "committee", "ratings", "standings", "quotas", "figures"]  # fmt: skip
    assert [c["name"] for c in kinds["schools"]["columns"] if c["required"]] == list(SCHOOLS)
