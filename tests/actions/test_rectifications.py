"""A rectification: plan, proof, recheck; what passing restores, and what two failures or no plan put before others."""

from datetime import date, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories_consequences import (
    HOLDS,
    add_other_city,
    approved,
    events,
    lines,
    make_confirmed,
    on,
    overturn,
    standings,
)
from factories_deliberation import Sitting, refused
from racing import at_once
from specialty_eval.actions import appeals, mending_days, overdue, ratings, rectification_views, rectifications
from specialty_eval.actions.context import LOCAL
from specialty_eval.actions.paging import Page
from specialty_eval.actions.rectifications import Milestone, Proof
from specialty_eval.actions.standings import begin_year
from specialty_eval.engine.calendar import end_of
from specialty_eval.engine.errors import Changed, Invalid, NotFound, NotNow, NotYou, Refusal
from specialty_eval.store.closings import ClosingProposal
from specialty_eval.store.outcomes import Rectification, RectificationMilestone
from specialty_eval.store.reviews import Attachment

PLAN = "示例：更新实训设备，重订人才培养方案"
MILESTONES = [Milestone("示例：更新两间实训室", date(2026, 12, 1)), Milestone("示例：新订校企协议", date(2027, 3, 1))]
PDF = b"%PDF-1.7 example"
FINDINGS = "示例：目标全部完成"


@pytest.fixture
def s(session: Session) -> Sitting:
    """A yellow, a red and a green one, confirmed on 23 April 2026."""
    return make_confirmed(session, {"one-a": "green", "two-a": "yellow", "city-a": "red"})


def due(s: Sitting, short: str = "two-a") -> Rectification:
    found = sa.select(Rectification).where(Rectification.specialty_id == s.city.specialties[short])
    return s.session.scalars(found, execution_options={"populate_existing": True}).one()


def hand_in(s: Sitting, who: str = "head-two", short: str = "two-a") -> Rectification:
    return rectifications.hand_in(s.as_(who), due(s, short).id, PLAN, MILESTONES)


def in_progress(s: Sitting, who: str = "head-two", short: str = "two-a") -> Rectification:
    key = hand_in(s, who, short).id
    return rectifications.start(s.as_("bureau-verifier"), key)


def prove_all(s: Sitting, who: str = "head-two", short: str = "two-a") -> None:
    for code in ("1", "2"):
        rectifications.prove(s.as_(who), due(s, short).id, code, Proof("示例：已完成"))


def rechecked(s: Sitting) -> Rectification:
    """The yellow one's recheck has begun, every milestone proved; its standing moved meanwhile."""
    in_progress(s)
    prove_all(s)
    begin_year(on(s, 2026, 9, 1).as_("planner"), 2026)
    rectifications.act_on_due(on(s, 2027, 4, 23).as_("secretary"))
    return due(s)


def proposals(s: Sitting) -> dict[str, str]:
    by_specialty = {key: short for short, key in s.city.specialties.items()}
    return {by_specialty[row.specialty_id]: row.grounds for row in s.session.scalars(sa.select(ClosingProposal))}


def state_of(s: Sitting) -> tuple[object, ...]:
    rows = s.session.execute(sa.select(Rectification.id, Rectification.state, Rectification.version)).all()
    return sorted(tuple(r) for r in rows), len(events(s, "%"))


# --- the plan --------------------------------------------------------------------------------------------------------


def test_yellow_and_red_are_to_be_mended_within_the_policys_days(s: Sitting) -> None:
    assert s.session.scalar(sa.select(sa.func.count()).select_from(Rectification)) == 2
    row = due(s)
    assert (row.state, row.rating, row.recheck_from) == ("due", "yellow", date(2027, 4, 23))
    assert rectification_views.header(row)["plan_due"] == date(2026, 5, 25)  # 20 working days, the holidays of May out


def test_a_plan_is_handed_in_with_its_milestones_and_its_words_stay_on_record(s: Sitting) -> None:
    row = hand_in(s)

    assert (row.state, row.plan) == ("planned", PLAN)
    found = rectification_views.view(s.as_("head-two"), row)["milestones"]
    assert [(m["code"], m["text"], m["due"]) for m in found] == [
        ("1", MILESTONES[0].text, MILESTONES[0].due), ("2", MILESTONES[1].text, MILESTONES[1].due),
    ]  # fmt: skip
    [event] = events(s, "rectification.plan")
    assert (event.audience, set(event.facts), event.facts["version"], event.facts["milestones"]) == (
        "school", {"version", "digest", "milestones"}, 1, 2,
    )  # fmt: skip


def test_a_plan_that_says_nothing_is_refused_with_every_reason(s: Sitting) -> None:
    key, before = due(s).id, state_of(s)
    wrong = [Milestone(" ", date(2026, 4, 1)), Milestone("示例", date(2027, 4, 24))]

    assert refused(Invalid, lambda: rectifications.hand_in(s.as_("head-two"), key, PLAN, wrong)) == [
        ("milestone-empty", "milestones.1.text"),
        ("milestone-out-of-time", "milestones.1.due"),
        ("milestone-out-of-time", "milestones.2.due"),
    ]
    assert refused(NotNow, lambda: rectifications.hand_in(s.as_("head-two"), key, " ", [])) == [
        ("plan-missing", "plan"), ("milestone-missing", "milestones"),
    ]  # fmt: skip
    assert state_of(s) == before


def test_a_plan_after_its_day_is_refused(s: Sitting) -> None:
    on(s, 2026, 5, 26)

    assert refused(NotNow, lambda: hand_in(s)) == [("deadline-passed", "")]


def test_a_plan_given_back_keeps_its_days_and_gets_those_to_correct(s: Sitting) -> None:
    key = hand_in(on(s, 2026, 5, 25)).id
    assert refused(NotNow, lambda: rectifications.return_(s.as_("bureau-verifier"), key, "")) == [
        ("reason-missing", "reason")
    ]

    row = rectifications.return_(s.as_("bureau-verifier"), key, "示例：目标不具体")

    assert (row.state, rectification_views.header(row)["plan_due"]) == ("due", date(2026, 6, 15))
    again = rectifications.hand_in(on(s, 2026, 6, 15).as_("head-two"), key, "示例：第二版", MILESTONES[:1])
    assert [m.code for m in s.session.scalars(sa.select(RectificationMilestone))] == ["1"]
    plans = rectification_views.view(s.as_("head-two"), again)["plans"]
    assert (again.plan, [(p["number"], p["plan"], len(p["milestones"])) for p in plans]) == (
        "示例：第二版",
        [(1, PLAN, 2), (2, "示例：第二版", 1)],
    )
    assert [e.facts["version"] for e in events(s, "rectification.plan")] == [1, 2]
    assert len({e.facts["digest"] for e in events(s, "rectification.plan")}) == 2


def test_a_plan_that_the_bureau_does_not_answer_in_its_days_is_agreed_to(s: Sitting) -> None:
    key = hand_in(s).id
    s.city.wait(9)
    assert rectifications.act_on_due(s.as_("secretary")).started == ()

    s.city.wait(12)

    assert rectifications.act_on_due(s.as_("secretary")).started == (key,)
    assert due(s).state == "in_progress"
    assert [e.actor_person_id for e in events(s, "rectification.start")] == [None]


# --- the proof -------------------------------------------------------------------------------------------------------


def test_a_milestone_is_proved_by_words_or_a_file_and_what_was_said_before_stays_on_record(s: Sitting) -> None:
    key = in_progress(s).id
    rectifications.prove(s.as_("head-two"), key, "1", Proof("示例：设备已到货"))
    rectifications.prove(s.as_("head-two"), key, "1", Proof("示例：设备已安装", "验收单.pdf", PDF))

    [first, second] = rectification_views.view(s.as_("head-two"), due(s))["milestones"]
    assert (first["proof"], first["proved_at"], second["proved_at"]) == ("示例：设备已安装", s.city.now, None)
    kept = s.session.get_one(Attachment, first["attachment_id"])
    assert (kept.review_id, s.city.files.get(kept.sha256)) == (s.reviews["two-a"], PDF)
    assert [(r["number"], r["words"], r["attachment_id"]) for r in first["reports"]] == [
        (1, "示例：设备已到货", None), (2, "示例：设备已安装", kept.id),
    ]  # fmt: skip
    told = events(s, "rectification.prove")
    assert [(e.reason, e.facts["version"], e.facts.get("sha256")) for e in told] == [
        ("", 1, None), ("", 2, kept.sha256),
    ]  # fmt: skip
    assert not any("示例" in str(e.facts) for e in told)


def test_what_proves_nothing_is_refused(s: Sitting) -> None:
    planned = hand_in(s).id
    prove = partial(rectifications.prove, s.as_("head-two"), planned)
    assert refused(NotNow, lambda: prove("1", Proof("示例"))) == [("step-not-open", "rectification")]
    rectifications.start(s.as_("bureau-verifier"), planned)

    assert refused(NotFound, lambda: prove("3", Proof("示例"))) == [("not-found", "milestones.3")]
    assert refused(Invalid, lambda: prove("1", Proof(" "))) == [("proof-missing", "milestones.1")]
    assert refused(Invalid, lambda: prove("1", Proof(name="a.exe", content=b"MZ"))) == [
        ("attachment-type-not-taken", "attachment")
    ]


# --- the recheck -----------------------------------------------------------------------------------------------------


def test_a_recheck_begins_on_its_day_and_not_before(s: Sitting) -> None:
    key = in_progress(s).id
    on(s, 2027, 4, 22)
    assert refused(NotNow, lambda: rectifications.recheck(s.as_("secretary"), key)) == [("recheck-not-due", "")]
    assert rectifications.act_on_due(s.as_("secretary")).rechecks == ()

    done = rectifications.act_on_due(on(s, 2027, 4, 23).city.clock(), city="371400")

    assert (done.rechecks, due(s).state) == ((key,), "recheck")
    assert rectifications.act_on_due(s.as_("secretary")).rechecks == ()


def test_passed_the_standing_is_normal_at_once_and_the_quota_comes_back_in_the_next_plan(s: Sitting) -> None:
    approved(s, 2026)
    key = rechecked(s).id
    assert standings(s)["two-a"] == "restricted"

    row = rectifications.pass_(s.as_("bureau-approver"), key, FINDINGS)

    assert (row.state, row.passed_on, row.findings) == ("passed", date(2027, 4, 23), FINDINGS)
    assert standings(s) == {"one-a": "supported", "two-a": "normal", "city-a": "phasing_out"}
    [event] = events(s, "standing.restore")
    assert (event.audience, event.source, event.target) == ("public", "restricted", "normal")
    line = lines(s, approved(s, 2027).id)["two-a"]
    assert (line.before, line.quota, line.rule, line.standing) == (70, 100, "restore", "normal")
    assert begin_year(on(s, 2027, 9, 1).as_("planner"), 2027).moved == {"suspended": 1}
    assert standings(s)["two-a"] == "normal"


def test_a_red_that_passes_gets_back_what_the_policy_says_of_the_quota_before_it(s: Sitting) -> None:
    approved(s, 2026)
    in_progress(s, "head-city", "city-a")
    prove_all(s, "head-city", "city-a")
    begin_year(on(s, 2026, 9, 1).as_("planner"), 2026)
    rectifications.act_on_due(on(s, 2027, 4, 23).as_("secretary"))

    rectifications.pass_(s.as_("bureau-verifier"), due(s, "city-a").id, FINDINGS)

    assert standings(s)["city-a"] == "normal"
    line = lines(s, approved(s, 2027).id)["city-a"]
    assert (line.base, line.quota, line.rule) == (100, 70, "restore")


def test_nothing_unproved_passes(s: Sitting) -> None:
    in_progress(s)
    rectifications.prove(s.as_("head-two"), due(s).id, "1", Proof("示例"))
    rectifications.act_on_due(on(s, 2027, 4, 23).as_("secretary"))

    assert refused(NotNow, lambda: rectifications.pass_(s.as_("bureau-approver"), due(s).id, " ")) == [
        ("milestone-not-proved", "milestones.2"), ("findings-missing", "findings"),
    ]  # fmt: skip


def test_a_failed_recheck_is_counted_and_comes_again_as_long_after(s: Sitting) -> None:
    key = rechecked(s).id

    row = rectifications.fail(s.as_("bureau-verifier"), key, "示例：设备未验收")

    assert (row.state, row.failures, row.recheck_from) == ("in_progress", 1, date(2028, 4, 23))
    assert standings(s)["two-a"] == "restricted"
    assert proposals(s) == {"city-a": "plan_lapsed"}


def test_as_many_failures_as_the_policy_allows_put_closing_before_the_committee(s: Sitting) -> None:
    key = rechecked(s).id
    rectifications.fail(s.as_("bureau-verifier"), key, "示例：设备未验收")
    rectifications.act_on_due(on(s, 2028, 4, 24).as_("secretary"))
    row = rectifications.fail(s.as_("bureau-verifier"), key, "示例：仍未验收")

    assert (row.state, row.failures) == ("failed", 2)
    assert proposals(s) == {"city-a": "plan_lapsed", "two-a": "rechecks_failed"}
    assert [e.reason for e in events(s, "rectification.fail")] == ["示例：设备未验收", "示例：仍未验收"]
    proposed = events(s, "closing.propose")[-1]
    assert (proposed.audience, proposed.specialty_id) == ("school", s.city.specialties["two-a"])
    assert proposed.facts == {"grounds": "rechecks_failed", "rectification": key}
    assert standings(s)["two-a"] == "restricted"  # nothing closes by itself


# --- no plan in time -------------------------------------------------------------------------------------------------


def test_no_plan_in_time_lapses_and_puts_closing_before_the_committee(s: Sitting) -> None:
    hand_in(s)  # the yellow one is in time, the red one is not
    assert refused(NotNow, lambda: rectifications.lapse(s.as_("secretary"), due(s, "city-a").id)) == [
        ("deadline-not-passed", "")
    ]

    done = rectifications.act_on_due(on(s, 2026, 5, 26).as_("secretary"))

    assert done.lapsed == (due(s, "city-a").id,)
    assert (due(s).state, due(s, "city-a").state) == ("in_progress", "failed")
    assert proposals(s) == {"city-a": "plan_lapsed"}
    assert rectifications.act_on_due(s.as_("secretary")).lapsed == ()


def test_while_an_appeal_holds_the_consequences_no_plan_lapses_and_the_days_begin_anew_after_it(
    session: Session,
) -> None:
    s = make_confirmed(session, {"two-a": "yellow"}, policy=HOLDS)
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    appeal = appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例：未考虑特殊情况").id
    on(s, 2026, 6, 1)
    assert rectifications.act_on_due(s.as_("secretary")).lapsed == ()
    assert refused(NotNow, lambda: rectifications.lapse(s.as_("secretary"), due(s).id)) == [
        ("appeal-suspends", "appeal")
    ]

    appeals.rule_out(s.as_("bureau-approver"), appeal, "示例：不属受理范围")

    assert rectifications.act_on_due(s.as_("secretary")).lapsed == ()
    # 20 working days, the festival out; and the year to mend from then
    assert mending_days.due_days(s.as_("head-two"), due(s)) == (date(2026, 6, 30), date(2027, 6, 1))
    s.city.now = end_of(date(2026, 6, 30), LOCAL)
    assert rectifications.act_on_due(s.as_("secretary")).lapsed == ()  # a plan in time may still be on its way in
    s.city.now -= timedelta(seconds=1)
    late = [Milestone("示例：更新两间实训室", date(2027, 5, 31))]
    key = rectifications.hand_in(s.as_("head-two"), due(s).id, PLAN, late).id
    rectifications.start(s.as_("bureau-verifier"), key)
    assert rectifications.act_on_due(on(s, 2027, 4, 23).as_("secretary")).rechecks == ()
    assert rectifications.act_on_due(on(s, 2027, 6, 1).as_("secretary")).rechecks == (key,)


def test_while_an_appeal_holds_the_consequences_nothing_is_rechecked_or_failed(session: Session) -> None:
    s = make_confirmed(session, {"two-a": "yellow"}, policy=HOLDS)
    key = in_progress(s).id
    ratings.receive(s.as_("head-two"), s.reviews["two-a"])
    appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例：未考虑特殊情况")
    on(s, 2027, 4, 23)

    assert rectifications.act_on_due(s.as_("secretary")).rechecks == ()
    assert refused(NotNow, lambda: rectifications.recheck(s.as_("secretary"), key)) == [("appeal-suspends", "appeal")]


def test_an_appeal_that_held_the_consequences_and_left_the_colour_gives_the_days_anew(session: Session) -> None:
    s = make_confirmed(session, {"two-a": "yellow"}, policy=HOLDS)
    before = due(s).recheck_from

    overturn(s, "two-a", "yellow")

    row = due(s)
    assert (row.state, row.review_id) == ("due", s.reviews["two-a"])
    assert (row.plan_due > s.city.now, row.recheck_from > before) == (True, True)
    assert rectifications.act_on_due(s.as_("secretary")).lapsed == ()


def test_months_that_begin_anew_while_it_is_rechecked_are_the_schools_to_mend(session: Session) -> None:
    """It may pass at once; it fails, and the bureau is late, only when they are over."""
    s = make_confirmed(session, {"two-a": "yellow"}, policy=HOLDS)
    key = in_progress(s).id
    row = rectifications.recheck(on(s, 2027, 4, 23).as_("secretary"), key)
    row.recheck_from = date(2027, 12, 1)  # an appeal upheld that left the colour
    session.flush()

    def late() -> list[str]:
        return [one.owed.what.value for one in overdue.listing(s.as_("secretary"), s.round_id, Page(9))[0]]

    s.city.wait(60)
    assert "recheck" not in late()
    assert refused(NotNow, lambda: rectifications.fail(s.as_("bureau-verifier"), key, FINDINGS)) == [
        ("recheck-not-due", "")
    ]
    on(s, 2027, 12, 25)
    assert "recheck" in late()
    assert rectifications.fail(s.as_("bureau-verifier"), key, FINDINGS).failures == 1


@pytest.mark.parametrize("ends", ["ruled out", "upheld, the same colour"])
def test_a_schools_days_that_begin_anew_give_the_bureau_none_to_answer_a_plan(session: Session, ends: str) -> None:
    """What the bureau was told to answer by stays, or the school would wait for its days a second time."""
    s = make_confirmed(session, {"two-a": "yellow"}, policy=HOLDS)
    key = rectifications.hand_in(on(s, 2026, 5, 6).as_("head-two"), due(s).id, PLAN, MILESTONES).id
    before, told = due(s).recheck_from, due(s).updated_at
    if ends == "ruled out":
        ratings.receive(s.as_("head-two"), s.reviews["two-a"])
        appeal = appeals.lodge(s.as_("head-two"), s.reviews["two-a"], "示例：未考虑特殊情况").id
        s.city.wait(5)
        appeals.rule_out(s.as_("bureau-approver"), appeal, "示例：不属受理范围")
    else:
        overturn(s, "two-a", "yellow")

    row = due(s)
    assert (row.id, row.state, row.updated_at, row.recheck_from > before) == (key, "planned", told, True)
    s.city.wait(12)  # its ten working days are over; counted from the appeal's end they would not be
    assert rectifications.act_on_due(s.as_("secretary")).started == (key,)


# --- who -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "kind"),
    [("head-one", NotFound), ("other-planner", NotFound), ("nobody", NotFound), ("planner", NotFound),
     ("expert-1", NotFound), ("county-one", NotFound), ("county-two", NotYou), ("auditor", NotYou)],
)  # fmt: skip
def test_nobody_else_touches_a_rectification(s: Sitting, who: str, kind: type[Refusal]) -> None:
    add_other_city(s)
    key, before, ctx = due(s).id, state_of(s), s.as_(who)

    for act in (
        lambda: rectifications.hand_in(ctx, key, PLAN, MILESTONES),
        lambda: rectifications.start(ctx, key),
        lambda: rectifications.return_(ctx, key, "示例"),
        lambda: rectifications.prove(ctx, key, "1", Proof("示例")),
        lambda: rectifications.recheck(ctx, key),
        lambda: rectifications.lapse(ctx, key),
        lambda: rectifications.pass_(ctx, key, FINDINGS),
        lambda: rectifications.fail(ctx, key, FINDINGS),
    ):
        refused(kind, act)
    refused(NotYou, lambda: rectifications.act_on_due(ctx))
    assert state_of(s) == before


def test_a_school_judges_nothing_and_the_bureau_writes_no_plan(s: Sitting) -> None:
    key = due(s).id
    refused(NotYou, lambda: rectifications.pass_(s.as_("head-two"), key, FINDINGS))
    refused(NotYou, lambda: rectifications.start(s.as_("head-two"), key))
    refused(NotYou, lambda: rectifications.hand_in(s.as_("bureau-verifier"), key, PLAN, MILESTONES))


def test_everybody_sees_what_is_theirs_alone(s: Sitting) -> None:
    def seen(who: str) -> set[str]:
        rows, _ = rectification_views.listing(s.as_(who), Page(50))
        return {row["code"] for row in rows}

    codes = s.city.codes
    assert seen("head-two") == seen("county-two") == {codes["two-a"]}
    assert seen("head-city") == {codes["city-a"]}
    assert seen("head-one") == seen("county-one") == seen("nobody") == seen("planner") == set()
    assert seen("secretary") == seen("auditor") == {codes["two-a"], codes["city-a"]}


def test_what_is_possible_is_said_with_why_not(s: Sitting) -> None:
    row = due(s)
    said = {p.event: [r.code for r in p.reasons] for p in rectifications.possible(s.as_("secretary"), row)}
    assert said == {"lapse": ["deadline-not-passed"]}
    assert [p.event for p in rectifications.possible(s.as_("head-two"), row)] == ["plan"]
    assert rectifications.possible(s.as_("head-two"), row)[0].reasons == ()


def test_who_read_an_older_version_changes_nothing(s: Sitting) -> None:
    key = hand_in(s).id

    assert refused(Changed, lambda: rectifications.start(s.as_("bureau-verifier"), key, version=1)) == [
        ("changed-meanwhile", "rectification")
    ]


# --- another rating --------------------------------------------------------------------------------------------------


def test_a_rectification_whose_rating_an_appeal_overturned_is_superseded(s: Sitting) -> None:
    key = in_progress(s).id

    overturn(s, "two-a", "green")

    row = s.session.get_one(Rectification, key, populate_existing=True)
    assert row.state == "superseded"
    assert refused(NotNow, lambda: rectifications.prove(s.as_("head-two"), key, "1", Proof("示例"))) == [
        ("step-not-open", "rectification")
    ]


# --- at once ---------------------------------------------------------------------------------------------------------


def test_passed_and_failed_at_once_is_one_of_them(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = make_confirmed(session, {"two-a": "yellow"})
        key, both = rechecked(s).id, (s.as_("bureau-verifier"), s.as_("bureau-approver"))
        session.commit()

        said = at_once(
            own_engine,
            (both[0], lambda c: rectifications.pass_(c, key, FINDINGS)),
            (both[1], lambda c: rectifications.fail(c, key, FINDINGS)),
        )

        assert (said, due(s).state, standings(s)["two-a"]) in [
            (["done", "step-not-open"], "passed", "normal"),
            (["step-not-open", "done"], "in_progress", "restricted"),
        ]


def test_a_recheck_passed_while_a_year_begins_is_not_undone(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = make_confirmed(session, {"two-a": "yellow"})
        key = rechecked(s).id
        on(s, 2027, 9, 1)
        planner, approver = s.as_("planner"), s.as_("bureau-approver")
        session.commit()

        said = at_once(
            own_engine,
            (planner, lambda c: begin_year(c, 2027)),
            (approver, lambda c: rectifications.pass_(c, key, FINDINGS)),
        )

        assert (said, standings(s)) == (["done", "done"], {"two-a": "normal"})


def test_a_plan_handed_in_while_the_clock_lapses_it_is_in_or_lapsed(own_engine: sa.Engine) -> None:
    with Session(own_engine, expire_on_commit=False) as session:
        s = on(make_confirmed(session, {"two-a": "yellow"}), 2026, 5, 25)
        key, head = due(s).id, s.as_("head-two")
        clock = on(s, 2026, 5, 26).city.clock()
        session.commit()

        said = at_once(
            own_engine,
            (head, lambda c: rectifications.hand_in(c, key, PLAN, MILESTONES)),
            (clock, lambda c: rectifications.act_on_due(c, city="371400")),
        )

        proposals = session.scalar(sa.select(sa.func.count()).select_from(ClosingProposal))
        assert (said, due(s).state, proposals) in [
            (["done", "done"], "planned", 0),
            (["step-not-open", "done"], "failed", 1),
        ]
