"""A visit over HTTP: named, told of, reported once however often it is sent, corrected, taken away again."""

from pathlib import Path

from sqlalchemy.orm import Session

from e2e.server import serving
from factories_deliberation import VISITS, make_scored
from specialty_eval.store.base import make_engine


def test_a_visit_from_the_naming_to_the_withdrawal(fresh_database: str, tmp_path: Path) -> None:
    engine = make_engine(fresh_database, pool_size=1)
    with Session(engine, expire_on_commit=False) as session:
        s = make_scored(session, {"one-a": "red"}, policy=VISITS)
        session.commit()
    engine.dispose()
    key, visitor = s.reviews["one-a"], s.city.people["site-visitor"]
    at, read = f"/v1/reviews/{key}/site-visit", f"/v1/reviews/{key}"
    with serving(fresh_database, tmp_path) as c:
        c.clock.now = s.city.now
        c.get("site-visitor", read, 404)
        assert c.post("site-visitor", at, {"findings": "示例"}, 403)["problems"][0]["code"] == "not-named-to-visit"
        named = c.post("secretary", f"/v1/reviews/{key}/site-visitors", {"people": [visitor]}, 201)["items"][0]
        assert (named["person_id"], named["withdrawn_at"], named["may_withdraw"]) == (visitor, None, True)
        mine = c.get("site-visitor", "/v1/site-visitors")["items"]
        assert [(row["id"], row["school"], row["reports"]) for row in mine] == [(named["id"], "示例职业学校one", 0)]
        seen = c.get("site-visitor", read)
        assert seen["evidence"]["figures"]
        assert [(a["event"], a["possible"]) for a in seen["actions"]] == [("report_visit", True)]

        once = {"headers": {"Idempotency-Key": "visit-1"}, "json": {"findings": "示例：已查看"}}
        first, again = (c.ask("site-visitor", "POST", at, **once) for _ in range(2))
        assert (first.status_code, again.content, again.headers["idempotent-replayed"]) == (201, first.content, "true")
        said = c.post("site-visitor", at, {"findings": "示例：又一份"}, 409)
        assert [p["code"] for p in said["problems"]] == ["site-visit-reported"]
        others = c.ask("secretary", "POST", at, **once).json()["problems"]  # the same key is another caller's own
        assert [p["code"] for p in others] == ["site-visit-reported", "visit-days-running", "reason-missing"]
        mended = {"findings": "示例：设备12台", "corrects": 1, "reason": "示例：误记"}
        c.post("site-visitor", at, mended, 201)
        assert c.post("site-visitor", at, mended, 412)["problems"][0]["code"] == "changed-meanwhile"
        assert [(r["number"], r["findings"]) for r in c.get("auditor", at)["reports"]] == [
            (1, "示例：已查看"), (2, "示例：设备12台"),
        ]  # fmt: skip

        gone = c.post("secretary", f"/v1/site-visitors/{named['id']}/withdraw", {"reason": "示例：出差"})
        assert (gone["withdrawn_reason"], gone["may_withdraw"]) == ("示例：出差", False)
        c.get("site-visitor", at, 404)
        c.get("site-visitor", read, 404)
        assert c.get("site-visitor", "/v1/site-visitors")["items"] == []
        assert [row["id"] for row in c.get("secretary", f"/v1/site-visitors?review={key}")["items"]] == [named["id"]]
