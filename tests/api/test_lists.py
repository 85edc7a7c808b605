"""The negative list over HTTP: built and approved it is the office's, published it is everybody's, with its year."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from e2e.server import Callers, serving
from factories_consequences import make_confirmed
from factories_deliberation import Sitting
from specialty_eval.store.base import make_engine

DENSE = {"level": "secondary", "code": "710201"}
DOCUMENT = "示例专〔2026〕1号"


@dataclass
class Served:
    """A server over a city whose ratings are confirmed, and how to act there."""

    callers: Callers
    s: Sitting

    def built(self) -> tuple[str, dict[str, Any]]:
        """A new negative list of the round: its address and what it says."""
        made = self.callers.post("secretary", f"/v1/rounds/{self.s.round_id}/lists", {"kind": "negative"}, 201)
        return f"/v1/lists/{made['id']}", made

    def published(self) -> str:
        """A list published for 2027; its address."""
        at, made = self.built()
        self.callers.post("chair", f"{at}/approve", {"document_number": DOCUMENT, "digest": made["digest"]})
        self.callers.post("secretary", f"{at}/publish", {"year": 2027})
        return at


@pytest.fixture
def out(fresh_database: str, tmp_path: Path) -> Iterator[Served]:
    engine = make_engine(fresh_database, pool_size=2)
    with Session(engine, expire_on_commit=False) as session:
        s = make_confirmed(session)
        session.commit()
    engine.dispose()
    with serving(fresh_database, tmp_path) as callers:
        callers.clock.now = s.city.now
        yield Served(callers, s)


def test_from_built_to_published_every_answer_says_what_comes_next(out: Served) -> None:
    callers = out.callers
    at, made = out.built()
    assert (made["state"], made["entries"], made["exempt"], made["year"]) == ("built", 1, 1, None)
    assert [rule["code"] for rule in made["rules"]] == ["too-dense", "few"]
    assert [a["event"] for a in made["actions"]] == ["exempt", "relist", "supersede"]
    exempted = callers.post("secretary", f"{at}/exempt", {**DENSE, "reason": "示例：市里统筹"})
    assert (exempted["entries"], exempted["exempt"]) == (0, 2)
    again = callers.post("secretary", f"{at}/relist", {**DENSE, "reason": "示例：不再新增"})
    assert again["digest"] == made["digest"]
    callers.get("", at, 404)
    sent = {"document_number": DOCUMENT, "digest": made["digest"]}
    refused = callers.post("bureau-approver", f"{at}/approve", {**sent, "digest": exempted["digest"]}, 409)
    assert [p["code"] for p in refused["problems"]] == ["list-changed"]
    assert callers.post("bureau-approver", f"{at}/approve", sent)["state"] == "approved"
    published = callers.post("secretary", f"{at}/publish", {"year": 2027})
    assert (published["state"], published["year"], published["document_number"]) == ("published", 2027, DOCUMENT)


def test_everybody_reads_a_published_list_page_by_page(out: Served) -> None:
    at = out.published()

    [row] = out.callers.get("", "/v1/lists?kind=negative&year=2027")["items"]
    assert f"/v1/lists/{row['id']}" == at
    assert out.callers.get("", "/v1/lists?kind=urgent")["items"] == []
    first = out.callers.get("", f"{at}/entries?limit=1")
    second = out.callers.get("", f"{at}/entries?limit=1&after={first['next']}")
    assert [line["code"] for page in (first, second) for line in page["items"]] == ["660103", "710201"]
    assert second["next"] is None
    assert second["items"][0] == {
        **DENSE, "name": "计算机应用", "reasons": [{"code": "too-dense", "label": {"zh": "布点率超过40%"}}],
        "figures": {"share_of_schools": "100.00"}, "exempt_by": None, "exemptions": [], "exempt_reason": None,
    }  # fmt: skip
    assert [line["code"] for line in out.callers.get("", f"{at}/entries?exempt=true")["items"]] == ["660103"]


def test_anybody_may_ask_what_an_application_would_meet(out: Served) -> None:
    asked = "/v1/lists/in-force?jurisdiction=371400&level=secondary&code=710201&year="
    assert out.callers.get("", f"{asked}2027")["negative"] is None
    at = out.published()

    met = out.callers.get("", f"{asked}2027")
    assert met["negative"] == {"reasons": ["too-dense"], "document_number": DOCUMENT}
    assert (met["urgent"], out.callers.get("", f"{asked}2028")["negative"]) == (None, None)
    out.callers.post("bureau-approver", f"{at}/supersede", {"reason": "示例：文件撤销"})
    assert out.callers.get("", f"{asked}2027")["negative"] is None


def test_who_read_an_older_version_is_told_so(out: Served) -> None:
    at, _ = out.built()
    old = {"If-Match": '"v1"'}
    out.callers.post("secretary", f"{at}/exempt", {**DENSE, "reason": "示例"})

    answer = out.callers.call("secretary", "POST", f"{at}/supersede", 412, json={"reason": "示例"}, headers=old)

    assert [p["code"] for p in answer["problems"]] == ["changed-meanwhile"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/lists?kind=white", 422), ("/v1/lists?jurisdiction=x", 422), ("/v1/lists/in-force?year=2027", 422),
        ("/v1/lists/99", 404), ("/v1/lists/99/entries", 404),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_refused(out: Served, path: str, status: int) -> None:
    out.callers.get("", path, status)
