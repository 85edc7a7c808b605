"""What is due, over HTTP: refused before its day, listed after it, acted on, escalated, extended."""

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from e2e.server import serving
from factories import make_city, make_cycle, open_round
from small_policy import POLICY
from specialty_eval.actions import evidence
from specialty_eval.actions.evidence import Figures
from specialty_eval.store.base import make_engine


def codes(refusal: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in refusal["problems"]]


def test_a_silent_county_is_seen_escalated_and_taken_over(fresh_database: str, tmp_path: Path) -> None:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        city = make_city(session)
        round_id = make_cycle(city, policy=POLICY)
        key = open_round(city, round_id)["one-a"]
        figures = Figures({"graduates": "100", "employed": "90"}, {})
        evidence.save(city.as_("head-one"), key, figures, "", version=None)
        evidence.submit(city.as_("head-one"), key)
        session.commit()
    engine.dispose()
    here, why = f"/v1/rounds/{round_id}", {"reason": "示例：区县逾期"}
    with serving(fresh_database, tmp_path) as c:
        c.clock.now = city.now
        early = c.post("bureau-verifier", f"/v1/reviews/{key}/take-over", why, 409)
        assert (codes(early), early["problems"][0]["facts"]["due"]) == (["county-days-running"], "2026-03-16")
        assert c.get("head-one", f"/v1/reviews/{key}")["county_due"].startswith("2026-03-16T16:00")
        assert c.get("secretary", f"{here}/overdue")["items"] == []

        c.clock.wait(15)
        (late,) = c.get("county-one", f"{here}/overdue")["items"]
        assert (late["what"], late["owner"], late["superior"], late["days_late"], late["escalated_at"]) == (
            "county_check", "county_verifier", "bureau_verifier", 1, None,
        )  # fmt: skip
        c.post("county-one", f"{here}/act-on-due", expect=403)
        assert c.post("secretary", f"{here}/act-on-due")["escalated"] == 1
        assert c.post("secretary", f"{here}/act-on-due")["escalated"] == 0
        assert c.get("secretary", f"{here}/overdue")["items"][0]["escalated_at"] is not None

        c.post("secretary", f"/v1/reviews/{key}/take-over", why, 403)
        offered = {a["event"]: a["possible"] for a in c.get("bureau-verifier", f"/v1/reviews/{key}")["actions"]}
        assert offered["take_over"]
        c.post("bureau-verifier", f"/v1/reviews/{key}/take-over", why)
        assert c.post("bureau-verifier", f"/v1/reviews/{key}/pass", {})["state"] == "checked"

        sooner = c.post("secretary", f"{here}/extend", {"until": "2026-03-01", "reason": ""}, 422)
        assert codes(sooner) == ["reason-missing", "deadline-in-the-past", "deadline-never-earlier"]
        longer = c.post("secretary", f"{here}/extend", {"until": "2026-07-01", "reason": "示例：平台停机"})
        assert longer["due"]["collecting"].startswith("2026-07-01T16:00")
