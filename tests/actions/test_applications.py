"""Applications to open, change or close a specialty: received, checked by program, visited, referred, taken back."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_cycle, open_round
from factories_applications import (
    CONTROLLED,
    DENSE,
    FREE,
    LIMITS,
    TWO,
    checked,
    concluded,
    deliberated,
    make_applying,
    off_catalogue,
    publish_list,
    received,
    wanted,
)
from factories_consequences import add_other_city, events, on
from factories_deliberation import Sitting, employ, refused
from specialty_eval.actions import application_views, applications, feed, lists
from specialty_eval.actions.application_views import Asked
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.paging import Page
from specialty_eval.engine.application import CHECKED_WITHIN
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.lists import ListKind
from specialty_eval.engine.opening import ApplicationKind
from specialty_eval.store.applications import Application
from specialty_eval.store.cycles import Round
from specialty_eval.store.ledger import Event
from specialty_eval.store.specialty_lists import SpecialtyList


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_applying(session)


def findings(row: Application) -> list[str]:
    return [finding["code"] for finding in row.findings]


def change(s: Sitting, **said: Any) -> Application:
    new = wanted("", kind=ApplicationKind.CHANGE, specialty=s.city.codes["one-b"], effective_on=None, **said)
    return received(s, new)


# --- receiving -------------------------------------------------------------------------------------------------------


def test_an_application_is_judged_by_the_rules_of_the_day_it_was_received(s: Sitting) -> None:
    row = received(s)

    round_ = s.session.get_one(Round, s.round_id)
    published = s.session.scalars(sa.select(SpecialtyList.id).where(SpecialtyList.state == "published")).one()
    assert (row.state, row.policy_id, row.evidence_year) == ("received", round_.policy_id, round_.evidence_year)
    assert (row.negative_list_id, row.name, row.level, row.class_code) == (published, "护理", "secondary", "72")
    assert row.due == s.as_("secretary").calendar().due(row.received_at, CHECKED_WITHIN, LOCAL)
    [event] = events(s, "application.receive")
    assert (event.audience, event.facts) == ("school", {"kind": "open", "code": FREE})


@pytest.mark.parametrize(
    ("new", "wrong"),
    [
        (wanted("", grounds=" ", effective_on=None),
         [("application-needs", "catalogue_code"), ("application-needs", "effective_on"),
          ("grounds-missing", "grounds")]),
        (wanted("999999", direction="a b", effective_on=date(2020, 9, 1)),
         [("opening-day-out-of-reach", "effective_on"), ("direction-shape", "direction"),
          ("catalogue-code-unknown", "catalogue_code")]),
        (off_catalogue(name=" ", agreement="", partner="", department="none"),
         [("application-needs", "name"), ("application-needs", "partner"), ("application-needs", "agreement"),
          ("department-unknown", "department")]),
        (wanted("", kind=ApplicationKind.CHANGE, students=3, midlevel_teachers=3),
         [("application-needs", "specialty"), ("application-takes-no", "students"),
          ("application-takes-no", "midlevel_teachers")]),
        (wanted("", kind=ApplicationKind.CLOSE),
         [("application-needs", "specialty"), ("application-needs", "students")]),
        (wanted(students=0), [("application-takes-no", "students")]),
    ],
)  # fmt: skip
def test_what_is_missing_or_unknown_is_said_whole(s: Sitting, new: Any, wrong: Any) -> None:
    assert refused(Invalid, lambda: received(s, new)) == wrong
    assert s.session.scalar(sa.select(sa.func.count()).select_from(Application)) == 0


def test_a_change_says_what_and_of_which_specialty_of_ones_own(s: Sitting) -> None:
    assert refused(Invalid, lambda: change(s)) == [("change-says-nothing", "specialty")]
    assert refused(Invalid, lambda: change(s, name="示例新名")) == [("name-of-the-catalogue", "name")]
    another = wanted("", kind=ApplicationKind.CHANGE, specialty=s.city.codes["two-a"], direction="示例")
    assert refused(NotFound, lambda: received(s, another)) == [("not-found", "specialty")]
    assert change(s, direction="智能", length="3+2").changes == {"direction": "智能", "length": "3+2"}


def test_no_application_is_received_for_a_year_whose_list_is_not_out(s: Sitting) -> None:
    new = wanted(effective_on=date(2028, 9, 1))
    assert refused(NotNow, lambda: received(s, new)) == [("no-list-of-the-year", "effective_on")]

    assert received(s, off_catalogue(effective_on=date(2028, 9, 1))).negative_list_id is None


def test_without_a_round_that_pins_a_policy_there_is_nothing_to_check_by(s: Sitting) -> None:
    s.session.execute(sa.text("SET session_replication_role = replica"))
    s.session.execute(sa.text("UPDATE cycle SET jurisdiction_code = '示例'"))

    assert refused(NotNow, lambda: received(s)) == [("no-policy-for-applications", "policy")]


def test_of_the_same_thing_one_application_goes_at_a_time(s: Sitting) -> None:
    first = received(s)
    assert refused(NotNow, lambda: received(s)) == [("application-under-way", "application")]
    received(s, wanted(direction="口腔"))

    applications.withdraw(s.as_("head-one"), first.id, "示例")
    assert received(s).id > first.id


@pytest.mark.parametrize("who", ["editor-one", "head-two", "secretary", "bureau-approver", "county-one", "nobody"])
def test_the_schools_own_head_alone_applies(s: Sitting, who: str) -> None:
    assert refused(NotYou, lambda: received(s, who=who)) == [("role-missing", "application")]


# --- the check -------------------------------------------------------------------------------------------------------


def test_what_keeps_every_rule_is_clear(s: Sitting) -> None:
    row = concluded(s)

    assert (row.state, row.findings, row.decided_at) == ("clear", [], None)
    assert row.due is not None
    assert row.due > s.city.now


def test_an_entry_on_the_negative_list_is_refused_with_its_year_its_reason_and_every_other_reason(s: Sitting) -> None:
    received(s, wanted(FREE))
    row = concluded(s, wanted(DENSE, midlevel_teachers=1))

    assert row.state == "refused"
    assert findings(row) == [
        "opening-code-taken", "opening-listed", "opening-limit-exceeded", "opening-limit-exceeded",
    ]  # fmt: skip
    [listed, growth, teachers] = [finding["facts"] for finding in row.findings[1:]]
    assert {key: listed[key] for key in ("year", "reasons", "zh")} == {
        "year": 2027, "reasons": ["too-dense"], "zh": "布点率超过40%",
    }  # fmt: skip
    assert (growth["value"], growth["others"], growth["at_most"]) == ("2", 1, "1")
    assert (teachers["value"], teachers["at_least"]) == ("1", "2")
    assert row.decided_at == s.city.now
    assert row.complain_until is not None
    [event] = events(s, "application.conclude")
    assert (event.audience, event.facts["findings"]) == ("school", findings(row))


def test_the_school_reads_why_it_is_refused_and_until_when_it_may_complain(s: Sitting) -> None:
    row = concluded(s, wanted(DENSE, school=TWO, direction="新"), who="head-two")

    told = application_views.whole(s.as_("head-two"), row)
    assert [(p.code, does) for p, does in told["details"]["findings"]] == [("opening-listed", "refuses")]
    assert told["details"]["remedy"].facts == {"until": row.complain_until.date().isoformat()}  # type: ignore[union-attr] # refused
    applications.receive(s.as_("head-two"), row.id)
    applications.receive(s.as_("head-two"), row.id)
    assert row.served_at == s.city.now
    assert len(events(s, "application.serve")) == 1


def test_a_list_that_came_after_the_receipt_refuses_nobody(s: Sitting) -> None:
    row = received(s, wanted("660103", school=TWO), who="head-two")
    # From now on the entry is taught by nobody else, and the newest list has it without its exemption.
    newest = publish_list(s)
    s.session.execute(sa.text("SET session_replication_role = replica"))
    s.session.execute(
        sa.text("UPDATE specialty_list_entry SET exempt_by = '', exempt_codes = '[]' WHERE list_id = :l"), {"l": newest}
    )

    applications.check(s.as_("secretary"), row.id)

    assert row.findings == []


def test_a_list_that_was_taken_back_refuses_nobody_either(s: Sitting) -> None:
    row = checked(s, wanted(DENSE, direction="新"))
    assert findings(row) == ["opening-listed"]
    lists.supersede(s.as_("bureau-approver"), row.negative_list_id or 0, "示例：文件撤销")

    assert refused(NotNow, lambda: applications.conclude(s.as_("secretary"), row.id)) == [
        ("findings-outdated", "findings")
    ]
    applications.check(s.as_("secretary"), row.id)
    assert applications.conclude(s.as_("secretary"), row.id).state == "clear"


def test_an_entry_that_is_urgently_needed_is_noted_for_the_committee(s: Sitting) -> None:
    publish_list(s, ListKind.URGENT)
    row = concluded(s, wanted("660103", school=TWO), who="head-two")

    assert (row.state, findings(row)) == ("clear", ["opening-urgent"])


def test_what_nobody_reported_and_what_the_state_controls_is_looked_at_first(s: Sitting) -> None:
    row = concluded(s, wanted(CONTROLLED, midlevel_teachers=None))

    assert (row.state, findings(row)) == ("visit_first", ["opening-state-controlled", "opening-limit-unknown"])
    secretary = s.as_("secretary")
    assert refused(NotNow, lambda: applications.refer(secretary, row.id)) == [("site-visit-not-reported", "report")]
    ahead = date(2027, 1, 1)
    assert refused(Invalid, lambda: applications.report_visit(secretary, row.id, "示例", ahead)) == [
        ("day-out-of-reach", "visited_on")
    ]
    applications.report_visit(s.as_("site-visitor"), row.id, "示例：条件具备", secretary.today, 4)
    assert applications.refer(secretary, row.id).state == "committee"
    assert (row.visit_report, row.visit_teachers, row.visited_by) == (
        "示例：条件具备",
        4,
        s.city.people["site-visitor"],
    )


def test_the_secretary_may_have_a_clear_one_looked_at_with_a_reason(s: Sitting) -> None:
    row, secretary = checked(s), s.as_("secretary")

    assert refused(NotNow, lambda: applications.conclude(secretary, row.id, visit=True)) == [
        ("reason-missing", "reason")
    ]
    assert applications.conclude(secretary, row.id, visit=True, reason="示例：实训条件存疑").state == "visit_first"


def test_an_off_catalogue_one_waits_for_the_joint_opinion_and_one_party_against_it_refuses(s: Sitting) -> None:
    row, secretary = checked(s, off_catalogue()), s.as_("secretary")
    assert refused(NotNow, lambda: applications.conclude(secretary, row.id)) == [
        ("opinion-missing", "opinions.bureau"), ("opinion-missing", "opinions.department"),
    ]  # fmt: skip
    assert refused(NotYou, lambda: applications.opine(secretary, row.id, "bureau", True, "示例", "1")) == [
        ("role-missing", "application")
    ]
    iit = s.as_("iit")
    assert refused(Invalid, lambda: applications.opine(iit, row.id, "department", True, " ", "")) == [
        ("reason-missing", "words"), ("document-number-missing", "document_number"),
    ]  # fmt: skip
    applications.opine(s.as_("bureau-approver"), row.id, "bureau", True, "示例：同意", "示例〔2026〕1号")
    applications.opine(iit, row.id, "department", False, "示例：产业尚无需求", "示例工信〔2026〕2号")
    assert refused(NotNow, lambda: applications.opine(iit, row.id, "department", True, "示例", "1")) == [
        ("opinion-given", "opinions.department")
    ]

    applications.check(secretary, row.id)
    assert applications.conclude(secretary, row.id).state == "refused"
    assert findings(row) == ["opinion-against"]


def test_another_department_neither_says_anything_nor_sees_it(s: Sitting) -> None:
    row = checked(s, off_catalogue())

    opine = applications.opine
    assert refused(NotFound, lambda: opine(s.as_("hrss"), row.id, "department", True, "示例", "1")) == [
        ("not-found", "application")
    ]
    assert refused(NotNow, lambda: opine(s.as_("bureau-verifier"), checked(s).id, "bureau", True, "示例", "1")) == [
        ("opinion-not-needed", "application")
    ]


def test_closing_waits_for_the_last_student_and_for_no_promised_place(s: Sitting) -> None:
    new = wanted("", kind=ApplicationKind.CLOSE, specialty=s.city.codes["one-b"], effective_on=None, students=3)
    row = concluded(s, new)

    assert (row.state, findings(row)) == ("refused", ["students-enrolled"])


def test_a_direction_does_not_change_under_a_review(s: Sitting) -> None:
    open_round(s.city, make_cycle(s.city, policy=LIMITS.replace('version: "1"', 'version: "2"'), year=2027))

    assert findings(applications.check(s.as_("secretary"), change(s, direction="智能").id)) == ["change-under-review"]


# --- whose it is -----------------------------------------------------------------------------------------------------


def test_who_works_at_the_school_or_its_partner_has_no_part(s: Sitting) -> None:
    row = received(s, off_catalogue())
    employ(s, "secretary", enterprise="示例航空公司")
    employ(s, "secretary-2", school="one")

    for who in ("secretary", "secretary-2"):
        assert refused(NotYou, lambda who=who: applications.check(s.as_(who), row.id)) == [("recused", "application")]  # type: ignore[misc] # bound now
        assert application_views.listing(s.as_(who), Page(9), Asked())[0] == []
    assert application_views.listing(s.as_("bureau-approver"), Page(9), Asked())[0][0]["id"] == row.id


def test_a_member_is_listed_what_they_may_read_by_its_number(s: Sitting) -> None:
    row = received(s, off_catalogue())
    employ(s, "research-1", enterprise="示例航空公司")
    assert application_views.read(s.as_("industry-1"), row.id) is row

    def told(who: str) -> list[int]:
        return [line["id"] for line in application_views.listing(s.as_(who), Page(9), Asked())[0]]

    assert (told("industry-1"), told("research-1"), told("expert-1")) == ([row.id], [], [])


def test_everybody_sees_what_is_theirs_and_the_public_nothing_before_it_is_registered(s: Sitting) -> None:
    mine, other = received(s), received(s, wanted(school=TWO), who="head-two")
    own = received(s, off_catalogue())

    def seen(who: str, **asked: Any) -> list[int]:
        ctx = s.as_(who) if who else s.city.nobody()
        return [line["id"] for line in application_views.listing(ctx, Page(9), Asked(**asked))[0]]

    everything = [mine.id, other.id, own.id]
    assert {who: seen(who) for who in ("head-one", "head-two", "secretary", "county-one", "iit", "hrss", "")} == {
        "head-one": [mine.id, own.id], "head-two": [other.id], "secretary": everything,
        "county-one": [mine.id, own.id], "iit": [own.id], "hrss": [], "": [],
    }  # fmt: skip
    assert seen("secretary", kind=ApplicationKind.OFF_CATALOGUE) == [own.id]
    assert seen("secretary", overdue=True) == []
    on(s, 2026, 12, 1)
    assert seen("secretary", overdue=True) == everything
    assert refused(NotFound, lambda: application_views.read(s.city.nobody(), mine.id)) == [("not-found", "application")]


def test_an_event_of_it_is_told_to_its_school_its_county_and_the_offices_but_for_the_recused(s: Sitting) -> None:
    applications.check(s.as_("secretary"), received(s).id)
    employ(s, "secretary-2", school="one")
    employ(s, "county-two", school="one")

    def told(who: str) -> set[str]:
        found = sa.select(Event.kind).where(feed.visible(s.as_(who) if who else s.city.nobody()))
        return set(s.session.scalars(found.where(Event.kind.like("application.%"))))

    both = {"application.receive", "application.check"}
    assert {who: told(who) for who in ("head-one", "county-one", "secretary", "auditor")} == dict.fromkeys(
        ("head-one", "county-one", "secretary", "auditor"), both
    )
    assert [told(who) for who in ("head-two", "county-two", "secretary-2", "iit", "")] == [set()] * 5


@pytest.mark.parametrize("state", ["received", "checked", "clear", "visit_first", "committee"])
def test_the_school_takes_back_what_is_not_decided(s: Sitting, state: str) -> None:
    make = {"received": received, "checked": checked, "clear": concluded, "committee": deliberated}
    row = concluded(s, wanted(CONTROLLED)) if state == "visit_first" else make[state](s)
    assert row.state == state
    assert refused(NotYou, lambda: applications.withdraw(s.as_("secretary"), row.id)) == [
        ("role-missing", "application")
    ]

    assert applications.withdraw(s.as_("head-one"), row.id, "示例：另行安排").state == "withdrawn"
    assert refused(NotNow, lambda: applications.withdraw(s.as_("head-one"), row.id)) == [
        ("step-not-open", "application")
    ]


def test_a_version_that_was_not_read_is_refused(s: Sitting) -> None:
    row = received(s)

    assert refused(Changed, lambda: applications.check(s.as_("secretary"), row.id, version=9)) == [
        ("changed-meanwhile", "application")
    ]


def test_another_citys_secretary_does_not_learn_of_it(s: Sitting) -> None:
    row = received(s)
    add_other_city(s)

    assert refused(NotFound, lambda: applications.check(s.as_("other-approver"), row.id)) == [
        ("not-found", "application")
    ]
