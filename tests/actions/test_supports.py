"""Supports of green specialties: granted by the policy under a document, public, and ended with the standing."""

from datetime import date
from decimal import Decimal
from functools import partial

from sqlalchemy.orm import Session

from factories_consequences import events, make_confirmed, on, overturn
from factories_deliberation import Sitting, refused
from remembered import remembered_fixture
from specialty_eval.actions import closings, supports
from specialty_eval.actions.paging import Page
from specialty_eval.actions.standings import begin_year
from specialty_eval.actions.supports import NewSupport
from specialty_eval.engine.errors import Changed, NotFound, NotNow, NotYou

NEW = NewSupport("funding", "示例：实训设备补助", "示例财教〔2026〕3号", date(2026, 9, 1), Decimal("300000.00"))


@remembered_fixture
def s(session: Session) -> Sitting:
    """One of each colour; the academic year has begun, and the green one is supported by funding."""
    s = on(make_confirmed(session), 2026, 9, 1)
    begin_year(s.as_("planner"), 2026)
    return s


def granted(s: Sitting) -> int:
    return supports.grant(s.as_("bureau-approver"), s.city.codes["one-a"], NEW).id


def shown(s: Sitting, **chosen: str) -> list[tuple[object, ...]]:
    rows = supports.listing(s.city.nobody(), Page(9), academic_year=None, **chosen)[0]
    return [(row["code"], row["support"], row["amount"], row["state"]) for row in rows]


def test_what_is_granted_is_on_record_and_listed_in_public(s: Sitting) -> None:
    granted(s)

    assert shown(s) == shown(s, support="funding") == [(s.city.codes["one-a"], "funding", "300000.00", "granted")]
    assert shown(s, state="ended") == []
    [event] = events(s, "support.%")
    assert (event.audience, event.actor_person_id) == ("public", s.city.people["bureau-approver"])
    assert event.facts["amount"] == "300000.00"


def test_only_the_policys_supports_of_a_supported_specialty_once_a_year(s: Sitting) -> None:
    grant = partial(supports.grant, s.as_("bureau-approver"))
    assert refused(NotNow, lambda: grant(s.city.codes["two-a"], NEW)) == [("not-supported", "standing")]
    granted(s)
    assert refused(NotNow, lambda: granted(s)) == [("support-granted", "support")]
    for who in ("planner", "secretary", "head-one", "nobody"):
        refused(NotYou, partial(supports.grant, s.as_(who), s.city.codes["one-a"], NEW))
    refused(NotFound, lambda: supports.end(s.as_("bureau-approver"), 99, "示例"))


def test_it_is_ended_early_with_a_reason_and_may_be_granted_anew(s: Sitting) -> None:
    key = granted(s)
    end = partial(supports.end, s.as_("bureau-approver"), key)
    assert refused(NotNow, lambda: end("")) == [("reason-missing", "reason")]
    assert refused(Changed, lambda: end("示例", version=9)) == [("changed-meanwhile", "support_grant")]

    end("示例：资金另行安排")

    assert [row[3] for row in shown(s)] == ["ended"]
    assert refused(NotNow, lambda: end("示例")) == [("step-not-open", "support")]
    granted(s)


def test_it_ends_with_the_standing_that_gave_it(s: Sitting) -> None:
    granted(s)
    s.review("one-a").appeal_due = on(s, 2026, 12, 31).city.now
    overturn(on(s, 2026, 9, 20), "one-a", "yellow")
    begin_year(on(s, 2027, 1, 5).as_("planner"), 2026)

    assert [row[3] for row in shown(s)] == ["ended"]
    [event] = events(s, "support.expire")
    assert (event.audience, event.actor_person_id) == ("public", None)


def test_a_closed_specialty_is_given_nothing_more(s: Sitting) -> None:
    granted(s)

    closings.close(s.as_("head-one"), s.city.codes["one-a"], "示例：专业调整", 0)

    assert [row[3] for row in shown(s)] == ["ended"]
