"""The walk begins: files in, people with passwords of their own, a policy, a cycle of three rounds; and what repeats.

Everything goes through the API. Each file is sent as a dry run first; some are CSV and some are workbooks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from e2e.server import Callers
from factories import CITY, COUNTY, OTHER_COUNTY
from small_policy import POLICY
from specialty_eval import reference
from specialty_eval.actions.intake import CSV, XLSX
from spreadsheets import workbook

SCHOOL = {"one": "3637000001", "two": "3637000002", "city": "3637000003"}
PLACE = {"one-a": ("710201", 1), "one-b": ("660103", 1), "one-c": ("730501", 1), "two-a": ("710201", 1),
         "city-a": ("710201", 1), "two-b": ("660103", 2), "city-b": ("660103", 3)}  # fmt: skip
"""Specialty, by its school and a letter → its catalogue code, and the round that reviews it."""
CODES = {short: f"{SCHOOL[short.split('-')[0]]}-{entry}" for short, (entry, _) in PLACE.items()}
FIRST = ("industry", "industry-2", "enterprise", "research", "administration")
SECOND = tuple(f"{sector}-again" for sector in ("industry", "enterprise", "research", "administration"))
"""The committee of the first year; and those who come in May 2026, who decide on appeal and in the later rounds."""
RULES = POLICY.replace(
    "  quality: {label",
    "  rooms: {label: {zh: 实训室数}, type: integer, min: 0, supplier: school}\n  quality: {label",
    1,
).replace("corrections_at_most: 2,", "corrections_at_most: 2, days: {appeal: 15w},", 1)
"""The small policy with one more measure, which no check ties to the others, and days to appeal that a walk can use."""
POLICY_NAMED = {"policy_id": "small", "policy_version": "1"}
Row = Sequence[object]


@dataclass
class Walk:
    """Who can be asked, and what the story knows so far: people, members, rounds and reviews by their names."""

    callers: Callers
    people: dict[str, int] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)
    cycle: int = 0
    rounds: dict[int, int] = field(default_factory=dict)
    reviews: dict[str, int] = field(default_factory=dict)

    def statuses(self, wanted: str) -> dict[str, Any]:
        """A field of the public status of every specialty."""
        return {short: self.callers.get("", f"/v1/specialties/{code}/status")[wanted] for short, code in CODES.items()}

    def in_round(self, number: int) -> dict[str, int]:
        """The reviews of a round by the specialty's name."""
        return {short: key for short, key in self.reviews.items() if PLACE[short][1] == number}


def head_of(short: str) -> str:
    """The head of a specialty's school."""
    return f"head-{short.partition('-')[0]}"


# --- files -----------------------------------------------------------------------------------------------------------


def as_csv(rows: Iterable[Row]) -> bytes:
    """The rows as a plain CSV file."""
    return "".join(",".join("" if cell is None else str(cell) for cell in row) + "\n" for row in rows).encode()


def load(callers: Callers, who: str, kind: str, content: bytes, media_type: str, **query: str) -> dict[str, Any]:
    """A file, first as a dry run that says the same and writes nothing, then for good; what it did."""
    said = [
        callers.call(who, "POST", f"/v1/imports/{kind}", 200, content=content, params={**query, "dry_run": dry},
                     headers={"Content-Type": media_type})
        for dry in ("true", "false")
    ]  # fmt: skip
    assert said[0] == {**said[1], "dry_run": True}
    answer: dict[str, Any] = said[1]
    return answer


def load_csv(callers: Callers, who: str, kind: str, *rows: Row, **query: str) -> None:
    """Rows under a heading, as CSV; all of them are new."""
    assert load(callers, who, kind, as_csv(rows), CSV, **query)["rows"] == len(rows) - 1


def load_workbook(callers: Callers, who: str, kind: str, *rows: Row, **query: str) -> None:
    """The same as a workbook."""
    assert load(callers, who, kind, workbook(rows), XLSX, **query)["rows"] == len(rows) - 1


def refuse_a_wrong_file(callers: Callers) -> None:
    """A file that is wrong gets everything that is wrong with it, in both languages, and changes nothing."""
    wrong = as_csv([("code", "scheme", "name", "kind", "run_by", "jurisdiction_code"),
                    (SCHOOL["one"], "education", "示例职业学校一", "secondary", "county", COUNTY),
                    ("三六", "yes", "", "secondary", "county", "371499")])  # fmt: skip
    said = callers.call("admin", "POST", "/v1/imports/schools", 422, content=wrong, headers={"Content-Type": CSV})
    assert [(p["code"], p["facts"]["row"], p["facts"]["column"]) for p in said["problems"]] == [
        ("not-this-shape", 3, "code"), ("not-one-of", 3, "scheme"), ("cell-empty", 3, "name"),
    ]  # fmt: skip
    assert all(p["zh"] and p["en"] and p["next_zh"] and p["next_en"] for p in said["problems"])
    assert callers.get("", "/v1/schools")["items"] == []


def load_the_registry(callers: Callers) -> None:
    """Reference data, organisations, schools, specialties."""
    assert load(callers, "admin", "jurisdictions", reference.table("jurisdictions"), CSV)["new"] == 0
    assert load(callers, "admin", "catalogue", reference.table("catalogue"), CSV, edition="2025-12")["new"] > 1000
    organisations = (
        ("kind", "code", "name", "jurisdiction_code"), ("county", COUNTY, "示例一区教育局", COUNTY),
        ("county", OTHER_COUNTY, "示例二区教育局", OTHER_COUNTY), ("department", "hrss", "示例市人社局", CITY),
    )  # fmt: skip
    load_csv(callers, "admin", "organisations", *organisations)
    assert load(callers, "admin", "organisations", as_csv(organisations), CSV)["unchanged"] == 3
    load_workbook(
        callers, "admin", "schools", ("code", "scheme", "name", "kind", "run_by", "jurisdiction_code"),
        (SCHOOL["one"], "education", "示例职业学校一", "secondary", "county", COUNTY),
        (SCHOOL["two"], "education", "示例职业学校二", "secondary", "county", OTHER_COUNTY),
        (SCHOOL["city"], "education", "示例职业学校三", "secondary", "city", CITY),
    )  # fmt: skip
    load_csv(callers, "admin", "specialties", ("school_code", "catalogue_code", "opened_on"),
             *((*code.split("-"), "2015-09-01") for code in CODES.values()))  # fmt: skip


def load_the_opening_balance(callers: Callers) -> None:
    """What was decided before: two ratings of 2023 with their standings, and everybody's quota of 2025."""
    two, city = CODES["two-b"].split("-"), CODES["city-b"].split("-")
    load_workbook(callers, "secretary", "ratings",
                  ("school_code", "catalogue_code", "rating", "year", "valid_from", "document_number", "source"),
                  (*two, "yellow", 2023, date(2023, 6, 1), "示例评〔2023〕1号", "示例台账"),
                  (*city, "green", 2023, date(2023, 6, 1), "示例评〔2023〕1号", "示例台账"))  # fmt: skip
    load_csv(callers, "secretary", "standings",
             ("school_code", "catalogue_code", "standing", "since", "academic_year", "source"),
             (*two, "restricted", "2023-09-01", 2023, "示例台账"),
             (*city, "supported", "2023-09-01", 2023, "示例台账"))  # fmt: skip
    load_workbook(callers, "secretary", "quotas",
                  ("school_code", "catalogue_code", "academic_year", "quota", "capacity", "source"),
                  *((*code.split("-"), 2025, 100, 110, "示例批文") for code in CODES.values()))  # fmt: skip


def report_the_year(walk: Walk, year: int, *shorts: str) -> None:
    """The facts of a year of specialties that no review asks for it: their schools' workbooks, and the department's."""
    at = ("school_code", "catalogue_code", "year")
    for short in shorts:
        row = (*CODES[short].split("-"), year, 100, 80)
        load_workbook(walk.callers, head_of(short), "figures", (*at, "graduates", "employed"), row, policy="small@1")
    posts = [(*CODES[short].split("-"), year, 50) for short in shorts]
    load_workbook(walk.callers, "hrss", "figures", (*at, "posts"), *posts, policy="small@1")


# --- people ----------------------------------------------------------------------------------------------------------

OFFICES = ("secretary", "bureau_verifier", "bureau_approver", "planner", "policy_editor")
HEADING = ("login", "name", "role", "organisation_kind", "organisation_code", "valid_from", "sector", "term_from",
           "term_to")  # fmt: skip


def load_the_people(callers: Callers) -> None:
    """Everybody with a role, and nobody with a password; the second committee's seats in a file of their own."""
    held = [(role.replace("_", "-"), role, "bureau", CITY) for role in OFFICES]
    held += [(f"head-{short}", "school_head", "school", code) for short, code in SCHOOL.items()]
    held += [("editor-one", "school_editor", "school", SCHOOL["one"]), ("hrss", "department_supplier", "department",
             "hrss"), ("county-one", "county_verifier", "county", COUNTY),
             ("county-two", "county_verifier", "county", OTHER_COUNTY)]  # fmt: skip
    held += [(f"expert-{n}", "expert", "bureau", CITY) for n in (1, 2)]
    held += [(f"appeal-{n}", "appeal_panel_member", "bureau", CITY) for n in (1, 2)]
    held += [(login, "committee_member", "bureau", CITY) for login in (*FIRST, *SECOND)]
    seats = {login: (login.split("-")[0], date(2026, 1, 1), date(2026, 12, 31)) for login in FIRST}
    rows = [(login, f"示例{login}", *at, date(2020, 1, 1), *seats.get(login, (None, None, None)))
            for login, *at in held]  # fmt: skip
    load_workbook(callers, "admin", "people", HEADING, *rows)
    load_csv(callers, "admin", "committee", ("login", "sector", "term_from", "term_to"),
             *((login, login.split("-")[0], "2026-05-08", "2028-12-31") for login in SECOND))  # fmt: skip
    for login in [row[0] for row in rows]:
        code = callers.post("admin", "/v1/invitations", {"login": login}, 201)["code"]
        callers.post("", "/v1/password", {"code": code, "password": callers.password}, 204)


def begin(callers: Callers) -> Walk:
    """Everything loaded; the numbers of those whom others name."""
    refuse_a_wrong_file(callers)
    load_the_registry(callers)
    load_the_people(callers)
    load_the_opening_balance(callers)
    walk = Walk(callers)
    for who in ("secretary", "expert-1", "expert-2"):
        walk.people[who] = int(callers.get(who, "/v1/me")["person_id"])
    return walk


# --- the cycle -------------------------------------------------------------------------------------------------------


def start_the_cycle(walk: Walk) -> None:
    """A policy, a cycle of three rounds, every specialty in one of them; it cannot start while one is in none."""
    callers = walk.callers
    callers.post("policy-editor", "/v1/policies", {"text": RULES}, 201)
    rounds = [{"year": y, "evidence_year": y - 1, "reference_date": f"{y}-01-01", **POLICY_NAMED}
              for y in (2026, 2027, 2028)]  # fmt: skip
    made = callers.post("secretary", "/v1/cycles", {
        "code": "2026", "title": "示例周期", "jurisdiction": CITY, "levels": ["secondary"],
        "school_kinds": ["secondary"], "rounds": rounds}, 201)  # fmt: skip
    walk.cycle, walk.rounds = made["id"], {r["number"]: r["id"] for r in made["rounds"]}
    at = f"/v1/cycles/{walk.cycle}"
    places = {CODES[short]: number for short, (_, number) in PLACE.items()}
    late = places.pop(CODES["city-b"])
    callers.post("secretary", f"{at}/places", {"rounds": places})
    assert callers.post("secretary", f"{at}/start", expect=409)["totals"] == {"specialty-in-no-round": 1}
    callers.post("secretary", f"{at}/places", {"rounds": {CODES["city-b"]: late}})
    assert callers.post("secretary", f"{at}/start")["state"] == "running"


def collect(walk: Walk, number: int) -> None:
    """A round begins to collect; its reviews, read one a page."""
    at = f"/v1/rounds/{walk.rounds[number]}"
    walk.callers.post("secretary", f"{at}/phases/collect")
    rows: list[dict[str, Any]] = []
    after = ""
    while after is not None:
        page = walk.callers.get("secretary", f"{at}/reviews?limit=1{after and f'&after={after}'}")
        rows, after = rows + page["items"], page["next"]
    names = {code: short for short, code in CODES.items()}
    assert rows == walk.callers.get("secretary", f"{at}/reviews")["items"]
    walk.reviews |= {names[row["code"]]: row["id"] for row in rows}
    assert set(walk.in_round(number)) == {short for short, (_, n) in PLACE.items() if n == number}


def conclude(walk: Walk, *numbers: int) -> None:
    """These rounds are concluded."""
    for number in numbers:
        at = f"/v1/rounds/{walk.rounds[number]}/phases/conclude"
        assert walk.callers.post("secretary", at)["state"] == "concluded"
