"""The score run on the walk, what a school sees of it, and what it challenges."""

from e2e.path_beginning import Walk, head_of
from e2e.path_evidence import attach


def open_sheet(walk: Walk, short: str) -> str:
    """The school opens its sheet, in which no rating stands yet; its total."""
    seen = walk.callers.post(head_of(short), f"/v1/reviews/{walk.reviews[short]}/sheet/open")
    assert "rating" not in seen
    total: str = seen["total"]
    return total


def score(walk: Walk, number: int) -> dict[str, str]:
    """The round is verified and scored, and each school opens its sheet; totals by the specialty's name."""
    at = f"/v1/rounds/{walk.rounds[number]}"
    for phase in ("verify", "score"):
        walk.callers.post("secretary", f"{at}/phases/{phase}", {"reason": "示例：全部完成"})
    run = walk.callers.post("secretary", f"{at}/score-runs", {}, 201)
    assert run["set_aside"] == []
    return {short: open_sheet(walk, short) for short in walk.in_round(number)}


def challenge(walk: Walk, short: str, claimed: str) -> str:
    """The school proves another number of employed graduates; the challenge's address."""
    attach(walk, short, "更正.pdf")
    at = f"/v1/reviews/{walk.reviews[short]}/challenges"
    lodged = walk.callers.post(head_of(short), at, {"measure": "employed", "claimed": claimed, "reason": "示例"}, 201)
    return f"/v1/challenges/{lodged['id']}"


def two_challenges(walk: Walk) -> None:
    """One is upheld, and its review is scored again within the run; the other is rejected, and nothing changes."""
    upheld, rejected = challenge(walk, "two-a", "55"), challenge(walk, "one-b", "75")
    walk.callers.post("bureau-verifier", f"{upheld}/uphold", {"answer": "示例：属实，漏报5人"})
    walk.callers.post("bureau-verifier", f"{rejected}/reject", {"answer": "示例：佐证不足"})
    assert rescore(walk, "two-a") == "56.50"
    assert walk.callers.get("head-one", f"/v1/reviews/{walk.reviews['one-b']}/sheet")["total"] == "67.00"


def rescore(walk: Walk, short: str) -> str:
    """Scored again within its run, and seen by its school; the total."""
    walk.callers.post("secretary", f"/v1/reviews/{walk.reviews[short]}/rescore", {}, 201)
    return open_sheet(walk, short)


def challenge_days_pass(walk: Walk, number: int) -> None:
    """Then the committee may meet."""
    walk.callers.clock.wait(30)
    walk.callers.post("secretary", f"/v1/rounds/{walk.rounds[number]}/phases/deliberate", {"reason": "示例：评分结束"})
