"""Publication on the walk: preview, service, a list of two people, objections, confirmation under a document."""

from typing import Any

from e2e.path_beginning import CODES, Walk, head_of
from e2e.path_scoring import rescore


def publicise(walk: Walk, number: int, *shorts: str) -> dict[str, Any]:
    """Shown to the schools first; drafted by one person, approved by another as the same list; the list."""
    at = f"/v1/rounds/{walk.rounds[number]}"
    assert len(walk.callers.post("secretary", f"{at}/preview")["previewed"]) == len(shorts)
    for short in shorts:
        walk.callers.post(head_of(short), f"/v1/reviews/{walk.reviews[short]}/acknowledge")
    listed: dict[str, Any] = walk.callers.post("secretary", f"{at}/publications", {}, 201)
    to, same = f"/v1/publications/{listed['id']}", {"digest": listed["digest"]}
    walk.callers.get("", to, 404)
    walk.callers.post("secretary", f"{to}/approve", same, 409)
    walk.callers.post("bureau-approver", f"{to}/approve", same)
    walk.callers.clock.wait(10)  # each school has it to itself for its days
    walk.callers.post("secretary", f"{to}/open")
    shown: dict[str, Any] = walk.callers.get("", to)
    assert {row["review_id"] for row in shown["entries"]["items"]} == {walk.reviews[short] for short in shorts}
    return shown


def confirm(walk: Walk, listed: dict[str, Any], number: str) -> dict[str, Any]:
    """What of a list nobody contests enters into force under a document."""
    document = {"document_number": f"示例评〔2026〕{number}号"}
    made: dict[str, Any] = walk.callers.post("bureau-approver", f"/v1/publications/{listed['id']}/confirm", document)
    return made


def confirmed(walk: Walk, made: dict[str, Any]) -> set[str]:
    """The names of what was confirmed."""
    return {short for short, key in walk.reviews.items() if key in made["confirmed"]}


def object_to(walk: Walk, listed: dict[str, Any], short: str) -> str:
    """A parent objects, confirms the contact, and the objection is admitted; its address."""
    lodged = walk.callers.post("", f"/v1/publications/{listed['id']}/objections", {
        "review": walk.reviews[short], "name": "示例家长", "contact": "parent@example.invalid",
        "grounds": "示例：人数不实"}, 201)  # fmt: skip
    at = f"/v1/objections/{lodged['id']}"
    code = walk.callers.get("secretary", f"{at}/contact")["confirmation_code"]
    walk.callers.post("", f"{at}/confirm-contact", {"code": code})
    walk.callers.post("secretary", f"{at}/admit")
    known = status(walk, short)
    assert (known["rating"], known["under"]) == (None, ["objection"])
    return at


def two_objections(walk: Walk, listed: dict[str, Any]) -> str:
    """Against one-a upheld: ninety were employed, not 95, and it alone is scored anew. That against one-b is left open;
    its address.
    """
    upheld, waiting = object_to(walk, listed, "one-a"), object_to(walk, listed, "one-b")
    walk.callers.post("secretary", f"{upheld}/uphold", {
        "answer": "示例：经核实为90人", "evidence_was_wrong": True, "corrections": {"employed": "90"}})  # fmt: skip
    assert rescore(walk, "one-a") == "81.00"
    return waiting


def the_others_are_confirmed(walk: Walk, listed: dict[str, Any], waiting: str) -> None:
    """What is contested waits, and nothing else does; answered, it follows."""
    walk.callers.clock.wait(21)
    made = confirm(walk, listed, "1")
    assert confirmed(walk, made) == {"one-c", "two-a", "city-a"}
    assert {key: reason["code"] for key, reason in made["contested"].items()} == {
        str(walk.reviews["one-b"]): "objection-open"
    }
    walk.callers.post("secretary", f"{waiting}/reject", {"answer": "示例：经核实，评定无误"})
    assert confirmed(walk, confirm(walk, listed, "2")) == {"one-b"}


def publicise_and_confirm(walk: Walk, number: int, short: str, document: str) -> str:
    """A list of one, that nobody contests: in its days the rating in force before stands, and the new one is
    provisional. The head that the list's notice prints.
    """
    before = status(walk, short)
    listed = publicise(walk, number, short)
    shown = status(walk, short)
    assert (shown["rating"], shown["provisional"]) == (before["rating"], listed["entries"]["items"][0]["rating"])
    walk.callers.clock.wait(14)
    assert confirmed(walk, confirm(walk, listed, document)) == {short}
    after = status(walk, short)
    assert (after["rating"], after["provisional"]) == (shown["provisional"], None)
    head: str = listed["seal_head"]
    return head


def status(walk: Walk, short: str) -> dict[str, Any]:
    """What everybody may know of a specialty now."""
    found: dict[str, Any] = walk.callers.get("", f"/v1/specialties/{CODES[short]}/status")
    return found
