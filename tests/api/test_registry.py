"""The registry over HTTP: what anybody may read, in pages; a superseded code's 308, a closed one's 410."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories import CITY, COUNTY, City, make_city, make_cycle
from small_policy import POLICY
from specialty_eval.api import ROOMS
from specialty_eval.engine.policy import Rating
from specialty_eval.store.base import make_engine
from specialty_eval.store.outcomes import RatingInForce
from specialty_eval.store.registry import Specialty, SpecialtyCode

OLD, NEW, CLOSED = "3637000001-710201", "3637000001-710201-云计算", "3637000002-710201"


@dataclass
class Served:
    """A server and the city in its database."""

    callers: Callers
    city: City

    def ask(self, method: str, path: str, who: str = "", **more: Any) -> httpx.Response:
        """One request, no redirect followed."""
        if who:
            self.callers.get(who, "/v1/me")
            more["headers"] = {"Authorization": f"Bearer {self.callers.tokens[who][0]}"}
        return self.callers.http.request(method, self.callers.base + path, follow_redirects=False, **more)


@pytest.fixture
def served(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    """`one-a` has a new code since 2024, `two-a` is closed since 2025 and was yellow."""
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        city = make_city(session)
        make_cycle(city, policy=POLICY)
        moved, gone = city.specialties["one-a"], city.specialties["two-a"]
        session.execute(
            sa.update(SpecialtyCode).where(SpecialtyCode.code == OLD).values(valid_to=date(2024, 8, 31))
        )  # fmt: skip
        session.add(SpecialtyCode(code=NEW, specialty_id=moved, valid_from=date(2024, 9, 1)))
        last = {"closed_on": date(2025, 9, 1), "length": "3", "campus": "示例东校区"}
        session.execute(sa.update(Specialty).where(Specialty.id == gone).values(last))
        session.add(RatingInForce(specialty_id=gone, rating=Rating.YELLOW.value, year=2023, reasons=["low"],
                                  document_number="示例〔2024〕1号", source="示例台账", valid_from=date(2024, 6, 1),
                                  known_from=city.now))  # fmt: skip
        session.commit()
    engine.dispose()
    with serving(fresh_database, tmp_path) as callers:
        yield Served(callers, city)


def routes_with_a_code() -> list[tuple[str, str]]:
    """(method, path) of every route that takes a specialty's code."""
    routers = [import_module(room.module).router for room in ROOMS]
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return [
        (method, route.path)
        for route in routes
        if re.search(r"/(specialties|lines)/{code}", route.path)
        for method in sorted(route.methods or ())
    ]


def filled(path: str, code: str) -> str:
    return re.sub(r"{\w+}", "2024", path.replace("{code}", code))


def test_the_public_reads_the_registry_in_pages(served: Served) -> None:
    c = served.callers
    areas = c.get("", "/v1/jurisdictions")["items"]
    assert [(a["code"], a["kind"], a["parent_code"]) for a in areas] == [
        ("370000", "province", None), (CITY, "city", "370000"), (COUNTY, "county", CITY), ("371403", "county", CITY),
    ]  # fmt: skip
    assert [a["code"] for a in c.get("", f"/v1/jurisdictions?parent={CITY}")["items"]] == [COUNTY, "371403"]
    assert [(e["code"], e["entries"]) for e in c.get("", "/v1/catalogue")["items"]] == [("2025-12", 2)]
    entries = c.get("", "/v1/catalogue/2025-12/entries?class=71&level=secondary")["items"]
    assert [(e["code"], e["name"], e["state_controlled"]) for e in entries] == [("710201", "计算机应用", False)]
    c.get("", "/v1/catalogue/1999/entries", 404)
    first = c.get("", "/v1/schools?limit=2")
    rest = c.get("", f"/v1/schools?limit=2&after={first['next']}")
    assert [s["code"] for s in first["items"] + rest["items"]] == ["3637000001", "3637000002", "3637000003"]
    assert rest["next"] is None
    assert c.get("", "/v1/schools/3637000001")["jurisdiction"] == {"code": COUNTY, "name": "示例一区"}
    c.get("", "/v1/schools/3637000009", 404)


def test_specialties_are_found_by_school_county_level_and_class(served: Served) -> None:
    def found(query: str) -> list[str]:
        return [s["code"] for s in served.callers.get("", f"/v1/specialties?{query}")["items"]]

    a, b, city = NEW, "3637000001-660103", "3637000003-710201"
    assert sorted(found("")) == sorted([a, b, city])
    assert sorted(found("closed=true")) == sorted([a, b, city, CLOSED])
    assert found("school=3637000003") == [city]
    assert found(f"county={COUNTY}&class=66") == [b]
    assert found("level=bachelor") == []
    first = served.callers.get("", "/v1/specialties?limit=2")
    rest = served.callers.get("", f"/v1/specialties?limit=2&after={first['next']}")
    assert len({s["code"] for s in first["items"] + rest["items"]}) == 3


def test_a_specialty_tells_its_attributes_and_every_code_it_had(served: Served) -> None:
    said = served.callers.get("", f"/v1/specialties/{NEW}")
    assert said["codes"] == [
        {"code": NEW, "valid_from": "2024-09-01", "valid_to": None},
        {"code": OLD, "valid_from": "2015-09-01", "valid_to": "2024-08-31"},
    ]
    assert (said["name"], said["level"], said["catalogue_edition"]) == ("计算机应用", "secondary", "2025-12")
    assert (said["off_catalogue"], said["state_controlled"]) == (False, False)
    gone = served.callers.get("", "/v1/specialties?closed=true&school=3637000002")["items"]
    assert [(s["length"], s["campus"], s["closed_on"]) for s in gone] == [("3", "示例东校区", "2025-09-01")]


def test_every_route_sends_a_superseded_code_to_the_new_one_with_its_method(served: Served) -> None:
    assert len(routes_with_a_code()) >= 5
    for method, path in routes_with_a_code():
        for who in ("", "hrss"):
            answer = served.ask(method, f"{filled(path, OLD)}?valid_at=2025-01-01", who, json={"any": "thing"})
            if answer.status_code == 401 and not who:
                continue
            assert (method, path, answer.status_code) == (method, path, 308)
            to = httpx.URL(answer.headers["location"])
            assert (to.path, to.query) == (filled(path, NEW), b"valid_at=2025-01-01")


def test_what_was_merged_answers_by_its_own_code_for_the_days_before(served: Served, fresh_database: str) -> None:
    into, of = served.city.specialties["city-a"], served.city.specialties["two-a"]
    engine = make_engine(fresh_database, pool_size=1)
    with engine.begin() as connection:
        connection.execute(sa.update(Specialty).where(Specialty.id == of).values(successor_id=into))
    engine.dispose()
    for path in ("status", "ratings"):
        for day in ("", "?valid_at=2025-09-01", "?valid_at=2026-01-01"):
            moved = served.ask("GET", f"/v1/specialties/{CLOSED}/{path}{day}")
            assert (moved.status_code, moved.headers["location"]) == (
                308, f"/v1/specialties/3637000003-710201/{path}{day}",
            )  # fmt: skip
        own = served.ask("GET", f"/v1/specialties/{CLOSED}/{path}?valid_at=2025-08-31")
        assert own.status_code == 200
        assert own.headers["link"] == '</v1/specialties/3637000003-710201/status>; rel="successor-version"'
    history = served.ask("GET", f"/v1/specialties/{CLOSED}/ratings?valid_at=2025-08-31").json()["items"]
    assert [row["rating"] for row in history] == ["yellow"]
    told = served.ask("GET", f"/v1/specialties/{CLOSED}/status?valid_at=2025-08-31").json()
    assert (told["name"], told["rating"], told["document_number"], told["closed_on"]) == (
        "计算机应用", "yellow", "示例〔2024〕1号", "2025-09-01",
    )  # fmt: skip


def test_what_is_written_through_a_superseded_code_arrives_under_the_new_one(served: Served) -> None:
    body = {"policy_id": "small", "policy_version": "1", "figures": {"posts": "7"}}
    c = served.callers
    c.get("hrss", "/v1/me")
    answer = c.http.request("PUT", f"{c.base}/v1/specialties/{OLD}/figures/2024", json=body, follow_redirects=True,
                            headers={"Authorization": f"Bearer {c.tokens['hrss'][0]}"})  # fmt: skip
    assert (answer.status_code, answer.json(), answer.url.path) == (
        200, {"recorded": 1}, f"/v1/specialties/{NEW}/figures/2024")  # fmt: skip


def test_every_route_answers_410_with_the_last_status_of_a_closed_specialty(served: Served) -> None:
    body = {"policy_id": "small", "policy_version": "1", "figures": {"posts": "7"}}
    for method, path in routes_with_a_code():
        answer = served.ask(method, filled(path, CLOSED), "hrss", json=body)
        assert (method, path, answer.status_code) == (method, path, 410)
        if method.upper() == "HEAD":
            continue
        said = answer.json()
        last = said["status"] if path.endswith(("/ratings", "/successions")) else said
        assert (last["code"], last["rating"], last["closed_on"]) == (CLOSED, "yellow", "2025-09-01")
    ratings = served.ask("GET", f"/v1/specialties/{CLOSED}/ratings").json()["items"]
    assert [(r["rating"], r["valid_from"]) for r in ratings] == [("yellow", "2024-06-01")]


def test_a_code_nobody_ever_had_is_not_found_on_any_route(served: Served) -> None:
    body = {"policy_id": "small", "policy_version": "1", "figures": {"posts": "7"}}
    for method, path in routes_with_a_code():
        for code in ("3637000009-710201", "x", "%00", "9" * 5000, "%F0%9F%98%80"):
            answer = served.ask(method, filled(path, code), "hrss", json=body)
            assert (method, path, answer.status_code) == (method, path, 404)
            assert method.upper() == "HEAD" or list(answer.json()["totals"]) == ["not-found"]


def test_cycles_and_rounds_are_listed_and_a_draft_is_the_offices(served: Served) -> None:
    c = served.callers
    draft = {"code": "2029", "title": "示例周期", "jurisdiction": CITY, "levels": ["secondary"],
             "school_kinds": ["secondary"],
             "rounds": [{"year": 2029, "evidence_year": 2028, "reference_date": "2029-01-01", "policy_id": "small",
                         "policy_version": "1"}]}  # fmt: skip
    c.post("secretary", "/v1/cycles", draft, 201)
    assert [found["code"] for found in c.get("", "/v1/cycles")["items"]] == ["cycle-2026"]
    assert [found["code"] for found in c.get("secretary", "/v1/cycles")["items"]] == ["cycle-2026", "2029"]
    assert c.get("secretary", "/v1/cycles?state=concluded")["items"] == []
    [running] = c.get("", f"/v1/cycles?jurisdiction={CITY}&state=running")["items"]
    rounds = c.get("", f"/v1/rounds?cycle={running['id']}")["items"]
    assert rounds == [{"cycle_id": running["id"], **running["rounds"][0]}]
    assert len(c.get("secretary", "/v1/rounds")["items"]) == 2
    assert len(c.get("", "/v1/rounds")["items"]) == 1
