"""Evidence on the walk: schools fill in, attach and submit; county and bureau check; one comes back; experts score."""

from typing import Any

from e2e.path_beginning import CODES, POLICY_NAMED, Walk, head_of

PDF = b"%PDF-1.7 example"
BYTES = {"Content-Type": "application/octet-stream"}
EMPLOYED = {"one-a": "95", "one-b": "70", "one-c": "85", "two-a": "50", "city-a": "45", "two-b": "70", "city-b": "70"}
"""Of a hundred graduates. With 50 posts and two experts' 80 a total is 0.7 × employed + 0.1 × 80 + 0.2 × 50."""


def county_of(short: str) -> str:
    """Whose check it is."""
    return "county-two" if short.startswith("two") else "county-one"


def attach(walk: Walk, short: str, name: str, **headers: str) -> Any:
    """A file that proves how many are employed."""
    path = f"/v1/reviews/{walk.reviews[short]}/attachments?measure=employed&name={name}"
    return walk.callers.call(head_of(short), "POST", path, 201, content=PDF, headers={**BYTES, **headers})


def fill_in(walk: Walk, short: str, employed: str, expect: int = 200, rooms: str = "6") -> Any:
    """The school's draft."""
    figures = {"graduates": "100", "employed": employed, "rooms": rooms}
    body = {"figures": figures, "self_evaluation": "示例自评"}
    at = f"/v1/reviews/{walk.reviews[short]}/evidence"
    return walk.callers.call(head_of(short), "PUT", at, expect, json=body)


def supply_posts(walk: Walk, short: str, year: int) -> None:
    """The department for human resources says how many posts there are."""
    at = f"/v1/specialties/{CODES[short]}/figures/{year}"
    walk.callers.call("hrss", "PUT", at, 200, json={**POLICY_NAMED, "figures": {"posts": "50"}})


def hand_in(walk: Walk, short: str, employed: str = "") -> None:
    """Filled in, proved, signed."""
    fill_in(walk, short, employed or EMPLOYED[short])
    attach(walk, short, "名单.pdf")
    walk.callers.post(head_of(short), f"/v1/reviews/{walk.reviews[short]}/submit")


def verify(walk: Walk, short: str) -> None:
    """The county passes it, but for a school that the city runs; the bureau accepts."""
    at = f"/v1/reviews/{walk.reviews[short]}"
    if not short.startswith("city"):
        assert walk.callers.post(county_of(short), f"{at}/pass")["state"] == "checked"
    assert walk.callers.post("bureau-verifier", f"{at}/accept")["state"] == "verified"


def experts_score(walk: Walk, short: str) -> None:
    """Two experts are asked, accept, and give 80."""
    asked = walk.callers.post("secretary", f"/v1/reviews/{walk.reviews[short]}/experts",
                              {"people": [walk.people["expert-1"], walk.people["expert-2"]]}, 201)["items"]  # fmt: skip
    for n, assignment in enumerate(asked, 1):
        at = f"/v1/assignments/{assignment['id']}"
        walk.callers.post(f"expert-{n}", f"{at}/accept")
        walk.callers.call(f"expert-{n}", "PUT", f"{at}/scores", 200, json={"scores": {"quality": "80"}})


def through_the_offices(walk: Walk, year: int, *shorts: str) -> None:
    """From the school's first figure to the experts' last score."""
    for short in shorts:
        supply_posts(walk, short, year)
        hand_in(walk, short)
        verify(walk, short)
        experts_score(walk, short)


# --- told once -------------------------------------------------------------------------------------------------------


def nothing_filled_in_is_no_submission(walk: Walk, short: str) -> None:
    """Every reason at once, in both languages; the review's own `actions` say the same before one tries."""
    at, head = f"/v1/reviews/{walk.reviews[short]}", head_of(short)
    refused = walk.callers.post(head, f"{at}/submit", expect=409)
    assert [(p["code"], p["where"]) for p in refused["problems"]] == [
        ("measure-missing", "measures.employed"), ("measure-missing", "measures.graduates"),
    ]  # fmt: skip
    assert refused["title"] == "缺少必报数据 employed"
    assert all(p["zh"] and p["en"] and p["next_zh"] and p["next_en"] for p in refused["problems"])
    actions = {a["event"]: a for a in walk.callers.get(head, at)["actions"]}
    assert not actions["submit"]["possible"]
    assert actions["submit"]["reasons"] == refused["problems"]


def who_read_an_older_draft_is_told(walk: Walk, short: str) -> None:
    """If-Match: the second of two who began from the same draft is refused, and nothing of theirs is kept."""
    at = f"/v1/reviews/{walk.reviews[short]}/evidence"
    seen = {"If-Match": walk.callers.ask("editor-one", "GET", at).headers["ETag"]}
    mine, theirs = ({"figures": {"graduates": number}, "self_evaluation": ""} for number in ("99", "98"))
    walk.callers.call("editor-one", "PUT", at, 200, json=mine, headers=seen)
    said = walk.callers.call(head_of(short), "PUT", at, 412, json=theirs, headers=seen)
    assert said["totals"] == {"changed-meanwhile": 1}
    assert walk.callers.get("editor-one", at)["figures"]["graduates"]["value"] == "99"


def sent_twice_is_done_once(walk: Walk, short: str) -> None:
    """Idempotency-Key: a file that is sent again under its key is the same file."""
    first = attach(walk, short, "名单.pdf", **{"Idempotency-Key": "list"})
    assert attach(walk, short, "名单.pdf", **{"Idempotency-Key": "list"}) == first
    kept = walk.callers.get(head_of(short), f"/v1/reviews/{walk.reviews[short]}")["attachments"]
    assert [row["id"] for row in kept] == [first["id"]]


def another_school_finds_nothing(walk: Walk, short: str, other: str) -> None:
    """Another school's head reads and changes nothing of it, and does not learn that it is there."""
    at = f"/v1/reviews/{walk.reviews[short]}"
    draft = {"figures": {"graduates": "1"}, "self_evaluation": ""}
    for path in ("", "/evidence", "/events", "/sheet", "/decision"):
        walk.callers.get(other, f"{at}{path}", 404)
    walk.callers.call(other, "PUT", f"{at}/evidence", 404, json=draft)
    walk.callers.post(other, f"{at}/submit", expect=404)
    path = f"{at}/attachments?measure=employed&name=a.pdf"
    walk.callers.call(other, "POST", path, 404, content=PDF, headers=BYTES)
    file = walk.callers.get(head_of(short), at)["attachments"][0]["id"]
    walk.callers.get(other, f"{at}/attachments/{file}", 404)
    walk.callers.post("county-two", f"{at}/pass", {}, 404)


def the_county_returns_it(walk: Walk, short: str) -> None:
    """What was found wrong opens again, with what a check ties to it, and nothing else; corrected, it comes again."""
    at, head = f"/v1/reviews/{walk.reviews[short]}", head_of(short)
    hand_in(walk, short, employed="90")
    found = {"employed": "示例：与就业台账不符"}
    assert walk.callers.post(county_of(short), f"{at}/return", {"fields": found})["state"] == "returned"
    assert walk.callers.get(head, at)["returned_fields"] == found
    assert fill_in(walk, short, EMPLOYED[short], 422, rooms="7")["totals"] == {"field-not-open": 1}
    fill_in(walk, short, EMPLOYED[short])
    assert walk.callers.post(head, f"{at}/submit")["evidence"]["number"] == 2


def first_round(walk: Walk, year: int) -> None:
    """Five reviews; of the first every rule is tried that a school meets, the second goes back once."""
    nothing_filled_in_is_no_submission(walk, "one-a")
    who_read_an_older_draft_is_told(walk, "one-a")
    sent_twice_is_done_once(walk, "one-a")
    another_school_finds_nothing(walk, "one-a", "head-two")
    the_county_returns_it(walk, "one-b")
    for short in walk.in_round(1):
        supply_posts(walk, short, year)
        if short != "one-b":
            hand_in(walk, short)
        verify(walk, short)
        experts_score(walk, short)
