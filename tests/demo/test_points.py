"""docs/demo.md says what the story shows and where: the played city is asked for each of its lines."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from demo.small import CITY, Played
from specialty_eval.demo import city as cities
from specialty_eval.demo.people import password
from specialty_eval.demo.story import PARTS, Tale
from specialty_eval.demo.story_start import moved_later

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")


SHOWN = cities.make(1)
"""The city that the page's requests are of: the default one."""
SAME = {
    shown.code: small.code
    for part in dict.fromkeys((part.tale, part.round) for part in PARTS)
    for shown, small in zip(SHOWN.told(*part), CITY.told(*part), strict=True)
}
"""Code in that city → code of whom the same happens to in the small one."""
ITEMS = {"33": (Tale.OFF_CATALOGUE, 1), "116": (Tale.OVERRIDDEN, 2), "272": (Tale.TIED, 3)}
"""The items of meetings that the page names, by what happens to their specialties."""
CODE, ITEM = re.compile(r"/specialties/([0-9A-Z]+-[0-9A-Z]{6})"), re.compile(r"(?<=/v1/items/)(\d\d+)")


@dataclass(frozen=True)
class Row:
    """A line of the page's table."""

    point: str
    what: str
    kinds: tuple[str, ...]
    path: str
    login: str


def _rows() -> list[Row]:
    found = []
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and (path := re.fullmatch(r"`GET (\S+)`", cells[4])):
            found.append(Row(cells[0], cells[2], tuple(re.findall(r"`([^`]+)`", cells[3])), path[1], cells[5]))
    return found


ROWS = _rows()


def test_every_point_has_its_lines() -> None:
    assert {row.point for row in ROWS} == {*map(str, range(1, 12)), "连接"}


def here(city: Played, path: str) -> str:
    """The same request of the small city."""

    def item(found: re.Match[str]) -> str:
        tale, number = ITEMS[found[1]]
        (specialty,) = CITY.told(tale, number)
        of = """SELECT d.item_id FROM decision d JOIN review v ON v.decision_id = d.id JOIN specialty_code c
                USING (specialty_id) WHERE c.code = :code"""
        return str(city.rows(of, code=specialty.code)[0][0])

    return ITEM.sub(item, CODE.sub(lambda found: f"/specialties/{SAME[found[1]]}", path))


def asked(city: Played, http: TestClient, row: Row) -> httpx.Response:
    """The row's request, as whom it says."""
    bearer = {}
    if row.login != "-":
        signed = http.post("/v1/sign-in", json={"login": row.login, "password": password(CITY.seed, row.login)})
        bearer = {"Authorization": f"Bearer {signed.json()['token']}"}
    answer: httpx.Response = http.get(here(city, row.path), headers=bearer)
    return answer


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what[:30])
def test_what_a_line_says_is_on_record_and_to_be_seen(city: Played, http: TestClient, row: Row) -> None:
    happened = {kind for kind, *_ in city.happened}
    answer = asked(city, http, row)

    assert set(row.kinds) - happened == set()
    assert answer.status_code == 200, answer.text
    shown = answer.json() if "json" in answer.headers["content-type"] else {"items": answer.content}
    assert shown.get("items", shown), "nothing to be seen"


TOLD: Mapping[str, Callable[[Any], bool]] = {
    "new enrolment in a stopped": lambda said: (
        (said["allowed"], [r["code"] for r in said["reasons"]]) == (False, ["enrolment-stopped"])
    ),
    "one overridden by two thirds": lambda said: said["decision"]["overrides"] and not said["decision"]["tied"],
    "six votes against six": lambda said: (
        (said["decision"]["tied"], said["decision"]["rating"]) == (["green", "yellow"], "green")
    ),
    "closes the same item too": lambda said: said["items"][0]["facts"]["code"] == "changed-meanwhile",
    "an interest found later": lambda said: [one["void"] for one in said["items"]].count(True) == 1,
    "a second red in a row": lambda said: (said["state"], said["cause"]) == ("suspended", "red-twice-in-three"),
    "one withdrawn for": lambda said: [one["state"] for one in said["items"]] == ["withdrawn"],
    "closing proposed, notice": lambda said: {"close", "keep"} <= {one["decision"] for one in said["items"]},
}
"""What the answer to a line's request must say for the line to be true."""


@pytest.mark.parametrize("begins", TOLD)
def test_what_a_line_says_its_answer_says(city: Played, http: TestClient, begins: str) -> None:
    (row,) = [row for row in ROWS if begins in row.what]

    assert TOLD[begins](asked(city, http, row).json())


def test_the_page_names_nobody_but_whom_its_tales_happen_to() -> None:
    assert set(CODE.findall(PAGE)) <= SAME.keys()
    assert set(ITEM.findall(PAGE)) == ITEMS.keys()


def test_an_anonymous_and_late_objection_is_refused_with_every_reason_and_the_way_to_appeal(http: TestClient) -> None:
    listed = http.get("/v1/publications/1").json()["entries"]["items"]
    new = {"review": listed[0]["review_id"], "name": "", "contact": "", "grounds": "示例"}
    answer = http.post("/v1/publications/1/objections", json=new)

    problems = answer.json()["problems"]
    assert (answer.status_code, problems[-1]["facts"]["route"]) == (409, "appeal")
    assert [problem["code"] for problem in problems] == ["name-missing", "contact-missing", "publicity-over"]


def test_who_closes_a_closed_item_by_the_version_of_then_is_told_how_it_stands(city: Played, http: TestClient) -> None:
    signed = http.post("/v1/sign-in", json={"login": "secretary", "password": password(CITY.seed, "secretary")})
    headers = {"Authorization": f"Bearer {signed.json()['token']}", "If-Match": '"v3"'}
    answer = http.post(here(city, "/v1/items/272/close"), headers=headers, json={"reason": "示例"})

    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["code"], problem["facts"]["state"]) == (412, "changed-meanwhile", "closed")


def test_codes_lead_on_where_they_gave_way_and_are_gone_where_they_were_closed(city: Played, http: TestClient) -> None:
    old = city.rows("SELECT from_code, to_code FROM succession_line WHERE from_code <> to_code AND act <> 'split'")
    (closed,) = CITY.told(Tale.DEFAULTED, 1)
    gone = http.get(f"/v1/specialties/{closed.code}/status")

    assert len(old) >= 2
    for was, now in old:
        led = http.get(f"/v1/specialties/{was}/status", follow_redirects=False)
        assert (led.status_code, str(now) in led.headers["location"]) == (308, True)
    assert gone.status_code == 410
    (shown,) = SHOWN.told(Tale.DEFAULTED, 1)
    assert PAGE.count(shown.code) == 2


def test_what_was_split_off_joined_the_next_round_and_is_not_rated_in_its_first_year(city: Played) -> None:
    found = """SELECT r.number, v.state FROM succession_line l JOIN review v ON v.specialty_id = l.to_specialty_id
               JOIN round r ON r.id = v.round_id WHERE l.act = 'split'"""

    assert city.rows(found) == [(2, "exempted")]


def test_designations_end_as_told(city: Played) -> None:
    states = city.rows("SELECT kind, state FROM designation ORDER BY id")

    assert states == [("demonstration", "kept"), ("demonstration", "withdrawn"), ("demonstration", "under_review"),
                      ("high_level", "under_review")]  # fmt: skip


def test_experts_are_shared_out_evenly_and_every_place_is_filled(city: Played) -> None:
    asked = """SELECT round_id, max(n) - min(n) FROM (SELECT v.round_id, a.person_id, count(*) n
               FROM expert_assignment a JOIN review v ON v.id = a.review_id GROUP BY 1, 2) x GROUP BY 1"""

    assert city.rows("SELECT id FROM allotment WHERE state <> 'carried_out' OR lacking <> '[]'") == []
    assert all(isinstance(apart, int) and apart <= 2 for _, apart in city.rows(asked))


def test_a_whole_sector_is_recused_and_waived_and_the_item_decided_by_the_others(city: Played) -> None:
    (specialty, *_) = CITY.untold(1)
    found = """SELECT d.tally -> 'present', d.tally -> 'waived', v.state FROM decision d
               JOIN review v ON v.id = d.review_id JOIN specialty_code c USING (specialty_id) WHERE c.code = :code"""

    assert city.rows(found, code=specialty.code) == [(9, ["enterprise"], "confirmed")]


def test_what_no_quorum_came_together_for_is_decided_in_writing_weeks_later(city: Played) -> None:
    (*_, specialty) = CITY.untold(2)
    found = """SELECT i.state, i.no_quorum_at IS NOT NULL, m.written, d.tally ->> 'by', v.state FROM meeting_item i
               JOIN meeting m ON m.id = i.meeting_id JOIN review v ON v.id = i.review_id
               LEFT JOIN decision d ON d.item_id = i.id JOIN specialty_code c USING (specialty_id)
               WHERE c.code = :code ORDER BY i.id"""

    assert city.rows(found, code=specialty.code) == [
        ("voided", True, False, None, "confirmed"), ("voided", True, False, None, "confirmed"),
        ("closed", False, True, "writing", "confirmed"),
    ]  # fmt: skip


def test_what_was_moved_is_reviewed_in_its_new_round_alone(city: Played) -> None:
    (specialty,) = moved_later(CITY)
    found = """SELECT r.number FROM review v JOIN round r ON r.id = v.round_id
               JOIN specialty_code c USING (specialty_id) WHERE c.code = :code"""

    assert city.rows(found, code=specialty.code) == [(2,)]


def test_in_a_blind_round_what_could_not_be_read_is_held_but_for_what_was_released(city: Played) -> None:
    found = """SELECT k.says, k.attachment_id IS NULL, r.id IS NOT NULL FROM material_check k
               LEFT JOIN material_release r ON r.check_id = k.id ORDER BY k.id"""
    rows = city.rows(found)

    assert city.rows("SELECT number FROM round WHERE blind") == [(2,)]
    assert ("clear", True, False) in rows
    assert [is_released for says, _, is_released in rows if says == "unchecked"].count(True) == 1
    assert len(rows) > 2


def test_a_second_red_in_a_row_is_suspended_at_once(city: Played) -> None:
    told = city.of(Tale.DEFAULTED, 3)
    reasons = """SELECT s.reasons FROM review v JOIN score_sheet s ON s.id = v.sheet_id
                 JOIN specialty_code c USING (specialty_id) WHERE c.code = :code"""
    ((why,),) = city.rows(reasons, code=told.code)

    assert (told.before, told.now, told.standing) == ("red", "red", "suspended")
    assert isinstance(why, list)
    assert "red-twice-in-three" in why
