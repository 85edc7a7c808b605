"""The committee's routes: a whole meeting over HTTP, what outsiders and the recused get, and bodies that are wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories_deliberation import REGULAR, Sitting, convene, employ, make_scored
from specialty_eval.store.base import make_engine

EVERYBODY = [login for login, _ in REGULAR]


@dataclass
class Served:
    """A server, and what is in its database."""

    callers: Callers
    s: Sitting


def prepared(url: str, ratings: dict[str, str], *, listed: bool) -> Sitting:
    """Scored reviews, committed; on a meeting's open list, all declared, where asked."""
    engine = make_engine(url, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        s = make_scored(session, ratings)
        if listed:
            employ(s, "industry-1", school="one")
            convene(s, together={"two-a", "x1"})
        session.commit()
    engine.dispose()
    return s


@pytest.fixture
def listed(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    s = prepared(fresh_database, {"one-a": "yellow", "two-a": "green", "x1": "green"}, listed=True)
    with serving(fresh_database, tmp_path) as callers:
        callers.clock.now = s.city.now
        yield Served(callers, s)


def test_a_meeting_from_its_call_to_its_decisions(fresh_database: str, tmp_path: Path) -> None:
    s = prepared(fresh_database, {"one-a": "yellow", "two-a": "green"}, listed=False)
    m, people = s.members, s.city.people
    with serving(fresh_database, tmp_path) as c:
        c.clock.now = s.city.now
        seat = {"person_id": people["nobody"], "sector": "research", "term_from": "2026-01-01",
                "term_to": "2026-12-31", "substitute": True}  # fmt: skip
        extra = c.post("secretary", "/v1/committee/members", seat, 201)["id"]
        assert len(c.get("chair", "/v1/committee/members")["items"]) == 11
        c.post("secretary", f"/v1/committee/members/{extra}/end", {"last_day": "2026-01-31"})
        called = {"round": s.round_id, "title": "示例会议", "held_at": c.clock.now.isoformat(), "chair": m["chair"],
                  "deputy_chair": m["deputy-chair"], "secretary": people["secretary"],
                  "deputy_secretary": people["secretary-2"], "reviews": [s.reviews["one-a"]]}  # fmt: skip
        meeting = c.post("secretary", "/v1/meetings", called, 201)
        at = f"/v1/meetings/{meeting['id']}"
        added = {"reviews": [s.reviews["two-a"]], "together": [s.reviews["two-a"]]}
        assert c.post("secretary", f"{at}/items", added, 201) == {"listed": 1}
        here = {"present": [m[login] for login in EVERYBODY[1:]] + [m["substitute-industry"]],
                "substitutes": [{"member": m["substitute-industry"], "stands_in_for": m["industry-1"]}]}  # fmt: skip
        assert len(c.call("secretary", "PUT", f"{at}/attendance", 200, json=here)["seats"]) == 9
        assert [found["id"] for found in c.get("chair", f"/v1/rounds/{s.round_id}/meetings")["items"]] == [
            meeting["id"]
        ]
        waived = {"sector": "research", "reason": "示例：函〔2026〕1号"}
        assert c.post("bureau-approver", f"{at}/waivers", waived) == {"waived_sectors": ["research"]}
        voters = [*EVERYBODY[1:], "substitute-industry"]
        for who in (*voters, "secretary"):
            assert c.post(who, f"{at}/declarations") == {"declared": 2}
        assert c.post("secretary", f"{at}/open") == {"opened": 2}

        one, two = c.get("chair", f"{at}/items")["items"]
        page = c.get("chair", f"{at}/items?limit=1")
        assert [row["id"] for row in page["items"]] == [one["id"]]
        assert c.get("chair", f"{at}/items?limit=1&after={page['next']}")["items"][0]["id"] == two["id"]
        item = f"/v1/items/{one['id']}"
        seen = c.get("secretary", item)
        assert seen["rating"] == "yellow"
        assert {a["event"]: a["possible"] for a in seen["actions"]} == {"vote": True, "void": True}
        assert c.post("secretary", f"{item}/vote")["state"] == "voting"
        for number, choice in enumerate(("red", "yellow"), 1):
            assert c.post("chair", f"{item}/ballots", {"choice": choice}, 201) == {"number": number}
        for who in voters:
            c.post(who, f"{item}/ballots", {"choice": "green", "reason": "示例：新建实训基地"}, 201)
        assert c.get("auditor", f"{item}/ballots", 409)["totals"] == {"ballots-sealed": 1}
        c.post("secretary", f"{item}/end-vote")
        made = c.post("secretary", f"{item}/close", {"reason": "示例：新建实训基地"})
        assert (made["rating"], made["computed"], made["votes"]) == ("green", "yellow", {"green": 8})
        assert len(c.get("industry-2", f"{item}/ballots")["items"]) == 10
        agreed = {"votes": [{"member": m[login], "choice": "agree"} for login in EVERYBODY[1:]]}
        assert c.post("secretary", f"{at}/agree", agreed) == {"decided": [two["id"]]}
        assert c.get("secretary", f"/v1/items/{two['id']}")["decision"]["together"] is True

        found = {"member": m["research-1"], "reason": "示例：亲属任教"}
        assert c.post("secretary", f"{item}/conflicts", found) == {
            "ballots_void": 1, "item_void": False, "decision_rescinded": False, "review_state": "decided",
        }  # fmt: skip
        words = [{"member": m[who], "interest": False, "vote": "for"} for who in EVERYBODY if who != "research-1"]
        sitting = {"held_on": s.city.now.date().isoformat(), "minutes_number": "示例纪要〔2026〕7号", "members": words}
        for short in ("one-a", "two-a"):
            at = f"/v1/reviews/{s.reviews[short]}"
            voted = c.post("secretary", f"{at}/rescission-votes", sitting, 201)
            assert (voted["number"], voted["approved"], voted["for"]) == (1, True, 7)
        assert c.post("chair", f"/v1/reviews/{s.reviews['one-a']}/rescind", {"reason": "示例"})["state"] == "scored"
        assert c.post("chair", f"/v1/items/{two['id']}/void", {"reason": "示例"})["state"] == "voided"


def test_a_recused_member_gets_the_title_and_an_outsider_nothing(listed: Served) -> None:
    c, s = listed.callers, listed.s
    at, item = f"/v1/meetings/{s.meeting}", f"/v1/items/{s.items['one-a']}"

    rows = c.get("industry-1", f"{at}/items")["items"]
    assert rows[0] == {"id": s.items["one-a"], "title": "示例职业学校one 计算机应用", "recused": True}
    assert len(rows) == 3
    for path in (item, f"{item}/ballots"):
        assert c.get("industry-1", path, 403)["totals"] == {"recused": 1}
    assert c.post("industry-1", f"{item}/ballots", {"choice": "yellow"}, 403)["totals"] == {"recused": 1}
    for who in ("head-one", "county-one", "nobody", "expert-1"):
        for path in (at, f"{at}/items", item, f"{item}/ballots", f"{item}/declarations"):
            c.get(who, path, 404)
        assert c.get(who, f"/v1/rounds/{s.round_id}/meetings")["items"] == []


SEAT = {"person_id": 1, "sector": "research", "term_from": "2026-01-01", "term_to": "2026-12-31"}
VOTE = {"held_on": "2026-12-31", "minutes_number": "示例", "members": []}
WRITES: tuple[tuple[str, str, object], ...] = (
    ("POST", "/v1/committee/members", SEAT),
    ("POST", "/v1/committee/members/1/end", {"last_day": "2026-12-31"}),
    ("POST", "/v1/meetings/{meeting}/items", {"reviews": [1]}),
    ("PUT", "/v1/meetings/{meeting}/attendance", {"present": []}),
    ("POST", "/v1/meetings/{meeting}/waivers", {"sector": "research", "reason": "示例"}),
    ("POST", "/v1/meetings/{meeting}/open", {}),
    ("POST", "/v1/meetings/{meeting}/declarations", {}),
    ("POST", "/v1/meetings/{meeting}/agree", {"votes": []}),
    ("POST", "/v1/items/{item}/declaration", {"interest": "none"}),
    ("POST", "/v1/items/{item}/take-out", None),
    ("POST", "/v1/items/{item}/vote", None),
    ("POST", "/v1/items/{item}/ballots", {"choice": "yellow"}),
    ("POST", "/v1/items/{item}/close", {}),
    ("POST", "/v1/items/{item}/void", {"reason": "示例"}),
    ("POST", "/v1/items/{item}/conflicts", {"member": 1, "reason": "示例"}),
    ("POST", "/v1/reviews/{review}/rescind", {"reason": "示例"}),
    ("POST", "/v1/reviews/{review}/rescission-votes", VOTE),
)  # fmt: skip


def test_no_write_is_open_to_schools_counties_or_strangers(listed: Served) -> None:
    c, s = listed.callers, listed.s
    named = {"meeting": s.meeting, "item": s.items["two-a"], "review": s.reviews["two-a"]}

    for who in ("head-two", "county-two", "nobody", "expert-1", "auditor"):
        for method, path, body in WRITES:
            answer = _sent(c, who, method, path.format(**named), body)
            may_declare = who == "auditor" and "declaration" in path
            assert answer.status_code in ({200, 204} if may_declare else {403, 404}), (who, path, answer.text)
    s.session.rollback()
    assert c.get("secretary", f"/v1/items/{s.items['two-a']}")["state"] == "open"


def _sent(c: Callers, who: str, method: str, path: str, body: object) -> httpx.Response:
    c.get(who, "/v1/me")  # signs in where somebody is named
    headers = {"Authorization": f"Bearer {c.tokens[who][0]}"} if who else {}
    return c.http.request(method, c.base + path, headers=headers, json=body)


def test_wrong_bodies_and_old_versions_change_nothing(listed: Served) -> None:
    c, s = listed.callers, listed.s
    item = f"/v1/items/{s.items['two-a']}"

    c.call("secretary", "POST", f"{item}/vote", 412, headers={"If-Match": '"v1"'})
    c.call("secretary", "POST", f"{item}/vote", 422, headers={"If-Match": "v1"})
    c.post("secretary", f"{item}/vote")
    wrong: object
    for wrong in ({}, {"choice": "blue"}, {"choice": "green", "why": ""}, {"choice": None}, {"choice": 1}, []):
        found = c.post("chair", f"{item}/ballots", wrong, 422)["totals"].keys()
        assert found <= {"request-field-wrong", "field-missing", "field-unknown"}
    for wrong in ({"casting_choice": "blue"}, {"reason": 1}, {"reason": "x" * 4001}):
        c.post("chair", f"{item}/close", wrong, 422)
    for wrong in ({"votes": {}}, {"votes": [{"member": 1, "choice": "no"}]}, {"votes": [], "items": []}):
        c.post("secretary", f"/v1/meetings/{s.meeting}/agree", wrong, 422)
    c.post("secretary", "/v1/meetings", {"round": s.round_id, "held_at": "2026-02-30T00:00:00Z"}, 422)
    c.post("secretary", f"{item}/end-vote")
    answer = c.post("secretary", f"{item}/close", {}, 200)
    assert (answer["rating"], answer["votes"], answer["abstentions"]) == ("green", {}, 8)
    assert c.post("secretary", f"{item}/close", {}, 409)["problems"][0]["code"] == "step-not-open"
