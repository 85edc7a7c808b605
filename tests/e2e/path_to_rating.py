"""The path to a rating, over HTTP: evidence, verification, experts, scoring, the committee, publication."""

from typing import Any

from e2e.server import Callers
from factories import City
from small_policy import POLICY

SECTORS = ("industry", "enterprise", "research", "administration")
PDF = b"%PDF-1.7 example"
EMPLOYED = {"one-a": "95", "one-b": "70", "two-a": "50", "city-a": "45"}
HEAD = {"one-a": "head-one", "one-b": "head-one", "two-a": "head-two", "city-a": "head-city"}


def begin(callers: Callers, city: City) -> dict[str, Any]:
    """A running cycle of one round, collecting; round number and review numbers by the specialty's short name."""
    callers.post("policy-editor", "/v1/policies", {"text": POLICY}, 201)
    made = callers.post("secretary", "/v1/cycles", {
        "code": "2026", "title": "示例周期", "jurisdiction": "371400", "levels": ["secondary"],
        "school_kinds": ["secondary"],
        "rounds": [{"year": 2026, "evidence_year": 2025, "reference_date": "2026-01-01", "policy_id": "small",
                    "policy_version": "1"}]}, 201)  # fmt: skip
    callers.post("secretary", f"/v1/cycles/{made['id']}/places", {"rounds": dict.fromkeys(city.codes.values(), 1)})
    callers.post("secretary", f"/v1/cycles/{made['id']}/start")
    r = made["rounds"][0]["id"]
    callers.post("secretary", f"/v1/rounds/{r}/phases/collect")
    rows = callers.get("secretary", f"/v1/rounds/{r}/reviews")["items"]
    by_code = {row["code"]: row["id"] for row in rows}
    return {"round": r, "reviews": {short: by_code[code] for short, code in city.codes.items()}}


def hand_in_and_verify(callers: Callers, city: City, reviews: dict[str, int]) -> None:
    for short, key in reviews.items():
        head = HEAD[short]
        policy = {"policy_id": "small", "policy_version": "1"}
        callers.call("hrss", "PUT", f"/v1/specialties/{city.codes[short]}/figures/2025", 200,
                     json={**policy, "figures": {"posts": "50"}})  # fmt: skip
        figures = {"graduates": "100", "employed": EMPLOYED[short]}
        once = {"Idempotency-Key": short}
        body = {"figures": figures, "self_evaluation": "自评"}
        callers.call(head, "PUT", f"/v1/reviews/{key}/evidence", 200, json=body, headers=once)
        callers.call(head, "POST", f"/v1/reviews/{key}/attachments?measure=employed&name=名单.pdf", 201, content=PDF,
                     headers={"Content-Type": "application/octet-stream"})  # fmt: skip
        callers.post(head, f"/v1/reviews/{key}/submit")
        if short != "city-a":
            county = "county-two" if short == "two-a" else "county-one"
            callers.post("county-two" if county == "county-one" else "county-one", f"/v1/reviews/{key}/pass", {}, 404)
            callers.post(county, f"/v1/reviews/{key}/pass")
        callers.post("bureau-verifier", f"/v1/reviews/{key}/accept")
        experts = callers.post("secretary", f"/v1/reviews/{key}/experts",
                               {"people": [city.people["expert-1"], city.people["expert-2"]]}, 201)  # fmt: skip
        for n, asked in enumerate(experts["items"], 1):
            callers.post(f"expert-{n}", f"/v1/assignments/{asked['id']}/accept")
            callers.call(f"expert-{n}", "PUT", f"/v1/assignments/{asked['id']}/scores", 200,
                         json={"scores": {"quality": "80"}})  # fmt: skip


def score(callers: Callers, round_id: int, reviews: dict[str, int]) -> None:
    for phase in ("verify", "score"):
        callers.post("secretary", f"/v1/rounds/{round_id}/phases/{phase}", {"reason": "全部完成"})
    callers.post("secretary", f"/v1/rounds/{round_id}/score-runs", {}, 201)
    for short, key in reviews.items():
        assert "rating" not in callers.post(HEAD[short], f"/v1/reviews/{key}/sheet/open")
    challenged = reviews["two-a"]
    callers.call("head-two", "POST", f"/v1/reviews/{challenged}/attachments?measure=employed&name=更正.pdf", 201,
                 content=PDF, headers={"Content-Type": "application/octet-stream"})  # fmt: skip
    lodged = callers.post("head-two", f"/v1/reviews/{challenged}/challenges",
                          {"measure": "employed", "claimed": "55", "reason": "漏报5人"}, 201)  # fmt: skip
    callers.post("bureau-verifier", f"/v1/challenges/{lodged['id']}/uphold", {"answer": "属实"})
    callers.post("secretary", f"/v1/reviews/{challenged}/rescore", {}, 201)
    callers.post("head-two", f"/v1/reviews/{challenged}/sheet/open")
    callers.clock.wait(30)
    callers.post("secretary", f"/v1/rounds/{round_id}/phases/deliberate", {"reason": "评分结束"})


def committee(callers: Callers, city: City, again: str = "") -> dict[str, int]:
    """Four members, one a sector; `again` names four others. Member numbers by login."""
    return {
        f"{sector}{again}": callers.post("secretary", "/v1/committee/members", {
            "person_id": city.people[f"{sector}{again}"], "sector": sector, "term_from": "2026-01-01",
            "term_to": "2028-12-31"}, 201)["id"]
        for sector in SECTORS
    }  # fmt: skip


def decide(
    callers: Callers, city: City, members: dict[str, int], round_id: int, reviews: list[int], choice: str = ""
) -> None:
    """One meeting: everybody declares, votes on each item, and the item closes. `choice` overrides with a reason."""
    chair = next(login for login in members if login.startswith("administration"))
    meeting = callers.post("secretary", "/v1/meetings", {
        "round": round_id, "title": "示例会议", "held_at": callers.clock.now.isoformat(),
        "chair": members[chair], "secretary": city.people["secretary"],
        "deputy_secretary": city.people["deputy"], "reviews": reviews}, 201)  # fmt: skip
    m = meeting["id"]
    callers.call("secretary", "PUT", f"/v1/meetings/{m}/attendance", 200, json={"present": list(members.values())})
    for who in (*members, "secretary"):
        callers.post(who, f"/v1/meetings/{m}/declarations")
    callers.post("secretary", f"/v1/meetings/{m}/open")
    for item in callers.get("secretary", f"/v1/meetings/{m}/items")["items"]:
        seen = callers.get(chair, f"/v1/items/{item['id']}")
        computed = seen["rating"]
        callers.post("secretary", f"/v1/items/{item['id']}/vote")
        for member in members:
            callers.post(
                member, f"/v1/items/{item['id']}/ballots", {"choice": choice or computed, "reason": "示例"}, 201
            )
        callers.get(chair, f"/v1/items/{item['id']}/ballots", 409)
        callers.post("secretary", f"/v1/items/{item['id']}/close", {"reason": "示例理由"})


def publicise(callers: Callers, round_id: int, reviews: dict[str, int]) -> dict[str, Any]:
    callers.post("secretary", f"/v1/rounds/{round_id}/preview")
    for short, key in reviews.items():
        callers.post(HEAD[short], f"/v1/reviews/{key}/acknowledge")
    listed: dict[str, Any] = callers.post("secretary", f"/v1/rounds/{round_id}/publications", {}, 201)
    body = {"digest": listed["digest"]}
    callers.post("secretary", f"/v1/publications/{listed['id']}/approve", body, 409)
    callers.post("bureau-approver", f"/v1/publications/{listed['id']}/approve", body)
    callers.post("secretary", f"/v1/publications/{listed['id']}/open")
    return listed


def object_to(callers: Callers, listed: dict[str, Any], review: int) -> str:
    """A parent objects, confirms the contact, and the objection is admitted; its address."""
    lodged = callers.post("", f"/v1/publications/{listed['id']}/objections", {
        "review": review, "name": "示例家长", "contact": "parent@example.invalid", "grounds": "理由"}, 201)  # fmt: skip
    at = f"/v1/objections/{lodged['id']}"
    code = callers.get("secretary", f"{at}/contact")["confirmation_code"]
    callers.post("", f"{at}/confirm-contact", {"code": code})
    callers.post("secretary", f"{at}/admit")
    return at


def confirm(callers: Callers, listed: dict[str, Any], number: int) -> dict[str, Any]:
    """Put a list in force under a document."""
    document = {"document_number": f"示例评〔2026〕{number}号"}
    confirmed: dict[str, Any] = callers.post("bureau-approver", f"/v1/publications/{listed['id']}/confirm", document)
    return confirmed
