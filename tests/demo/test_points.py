"""docs/demo.md says what the story shows and where: the played city is asked for each of its lines."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from demo.small import CITY, Played
from specialty_eval.demo import city as cities
from specialty_eval.demo.people import password
from specialty_eval.demo.story import Tale
from specialty_eval.demo.story_start import moved_later

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")


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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what[:30])
def test_what_a_line_says_is_on_record_and_to_be_seen(city: Played, http: TestClient, row: Row) -> None:
    happened = {kind for kind, *_ in city.happened}
    bearer = {}
    if row.login != "-":
        signed = http.post("/v1/sign-in", json={"login": row.login, "password": password(CITY.seed, row.login)})
        bearer = {"Authorization": f"Bearer {signed.json()['token']}"}
    answer = http.get(row.path, headers=bearer)

    assert set(row.kinds) - happened == set()
    assert answer.status_code == 200, answer.text
    shown = answer.json() if "json" in answer.headers["content-type"] else {"items": answer.content}
    assert shown.get("items", shown), "nothing to be seen"


def test_codes_lead_on_where_they_gave_way_and_are_gone_where_they_were_closed(city: Played, http: TestClient) -> None:
    old = city.rows("SELECT from_code, to_code FROM succession_line WHERE from_code <> to_code AND act <> 'split'")
    (closed,) = CITY.told(Tale.DEFAULTED, 1)
    gone = http.get(f"/v1/specialties/{closed.code}/status")

    assert len(old) >= 2
    for was, now in old:
        led = http.get(f"/v1/specialties/{was}/status", follow_redirects=False)
        assert (led.status_code, str(now) in led.headers["location"]) == (308, True)
    assert gone.status_code == 410
    (shown,) = cities.make(1).told(Tale.DEFAULTED, 1)
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
