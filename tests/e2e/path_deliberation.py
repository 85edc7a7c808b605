"""The committee on the walk: seats, interests, quorum, sealed ballots, an override with its reason."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from e2e.path_beginning import FIRST, Walk

REASON = "示例：新建实训基地，专家组一致认可"


def convene(walk: Walk, number: int, reviews: Sequence[int], present: Sequence[str]) -> str:
    """A meeting on these reviews, with who is there; its address."""
    chair = next(who for who in present if who.startswith("administration"))
    made = walk.callers.post("secretary", "/v1/meetings", {
        "round": walk.rounds[number], "title": "示例会议", "held_at": walk.callers.clock.now.isoformat(),
        "chair": walk.members[chair], "secretary": walk.people["secretary"],
        "reviews": list(reviews)}, 201)  # fmt: skip
    at = f"/v1/meetings/{made['id']}"
    attend(walk, at, present)
    return at


def attend(walk: Walk, at: str, present: Collection[str]) -> None:
    """Who is in the room."""
    here = {"present": [walk.members[who] for who in present]}
    walk.callers.call("secretary", "PUT", f"{at}/attendance", 200, json=here)


def seats(walk: Walk, logins: Sequence[str]) -> None:
    """The numbers of these members, whom their own sign-in tells."""
    people = {int(walk.callers.get(who, "/v1/me")["person_id"]): who for who in logins}
    found = walk.callers.get("secretary", "/v1/committee/members")["items"]
    walk.members = {people[row["person_id"]]: row["id"] for row in found if row["person_id"] in people}
    assert set(walk.members) == set(logins)


def items_of(walk: Walk, at: str) -> dict[int, str]:
    """The meeting's open items by their review."""
    walk.callers.post("secretary", f"{at}/open")
    rows = walk.callers.get("secretary", f"{at}/items")["items"]
    return {row["review_id"]: f"/v1/items/{row['id']}" for row in rows}


def vote(walk: Walk, item: str, voters: Sequence[str], choice: str = "") -> dict[str, Any]:
    """Everybody votes for the computed rating, or for `choice` with a reason; sealed until it closes. The decision."""
    computed = walk.callers.get(voters[0], item)["rating"]
    walk.callers.post("secretary", f"{item}/vote")
    for who in voters:
        walk.callers.post(who, f"{item}/ballots", {"choice": choice or computed, "reason": REASON}, 201)
    assert walk.callers.get(voters[0], f"{item}/ballots", 409)["totals"] == {"ballots-sealed": 1}
    walk.callers.post("secretary", f"{item}/end-vote")
    made: dict[str, Any] = walk.callers.post("secretary", f"{item}/close", {"reason": REASON if choice else ""})
    assert made["votes"] == {choice or computed: len(voters)}
    return made


def decide(
    walk: Walk, number: int, shorts: Sequence[str], voters: Sequence[str], overrides: Mapping[str, str] | None = None
) -> dict[str, str]:
    """One meeting: all declare, vote on each and close it. What was decided, by the specialty's name."""
    seats(walk, voters)
    at = convene(walk, number, [walk.reviews[short] for short in shorts], voters)
    for who in (*voters, "secretary"):
        walk.callers.post(who, f"{at}/declarations")
    items, others = items_of(walk, at), overrides or {}
    return {short: vote(walk, items[walk.reviews[short]], voters, others.get(short, ""))["rating"] for short in shorts}


def first_meeting(walk: Walk) -> dict[str, str]:
    """The first round's five: one member has an interest in one item, one rating is overridden."""
    seats(walk, FIRST)
    reviews = walk.in_round(1)
    at = convene(walk, 1, list(reviews.values()), FIRST)
    rows = walk.callers.get("secretary", f"{at}/items")["items"]
    of_interest = next(row["id"] for row in rows if row["review_id"] == reviews["city-a"])
    interest = {"item": of_interest, "reason": "示例：亲属在该校任教"}
    for who in (*FIRST, "secretary"):
        interests = [interest] if who == "industry-2" else []
        walk.callers.post(who, f"{at}/declarations", {"interests": interests})
    items = items_of(walk, at)
    without_a_quorum_nobody_votes(walk, at, items[reviews["one-a"]])
    a_ballot_may_be_replaced_until_the_item_closes(walk, items[reviews["one-b"]])
    ratings = {}
    for short, key in reviews.items():
        if short == "city-a":
            who_has_an_interest_sees_nothing(walk, at, items[key], key)
        voters = [who for who in FIRST if (short, who) != ("city-a", "industry-2")]
        if short == "one-b":
            walk.callers.post("secretary", f"{items[key]}/end-vote")
            ratings[short] = walk.callers.post("secretary", f"{items[key]}/close")["rating"]
            continue
        made = vote(walk, items[key], voters, "green" if short == "one-c" else "")
        assert (made["overrides"], made["entitled"]) == (short == "one-c", len(voters))
        ratings[short] = made["rating"]
    return ratings


def without_a_quorum_nobody_votes(walk: Walk, at: str, item: str) -> None:
    """Three of five are fewer than two thirds, and two sectors are missing: all said at once."""
    attend(walk, at, FIRST[:3])
    said = walk.callers.post("secretary", f"{item}/vote", expect=409)
    assert said["totals"] == {"quorum-missing": 1, "sector-missing": 2}
    attend(walk, at, FIRST)


def a_ballot_may_be_replaced_until_the_item_closes(walk: Walk, item: str) -> None:
    """One votes red, then as the others; the last ballot counts, and the chair alone abstains."""
    walk.callers.post("secretary", f"{item}/vote")
    for number, choice in enumerate(("red", "yellow"), 1):
        assert walk.callers.post("research", f"{item}/ballots", {"choice": choice}, 201) == {"number": number}
    for who, choice in (("industry", "yellow"), ("enterprise", "yellow"), ("administration", "abstain")):
        walk.callers.post(who, f"{item}/ballots", {"choice": choice}, 201)


def who_has_an_interest_sees_nothing(walk: Walk, at: str, item: str, review: int) -> None:
    """The title, and nothing else: no material, no ballot, no review."""
    row = next(r for r in walk.callers.get("industry-2", f"{at}/items")["items"] if f"/v1/items/{r['id']}" == item)
    assert row == {"id": row["id"], "title": "示例职业学校三 计算机应用", "recused": True}
    for path in (item, f"{item}/ballots"):
        assert walk.callers.get("industry-2", path, 403)["totals"] == {"recused": 1}
    for path in ("", "/sheet", "/decision", "/challenges"):
        walk.callers.get("industry-2", f"/v1/reviews/{review}{path}", 404)
    assert walk.callers.post("industry-2", f"{item}/ballots", {"choice": "green"}, 403)["totals"] == {"recused": 1}
