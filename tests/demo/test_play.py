"""The small city's three years, played once: each thing that happens in life really happens, and can be looked up."""

from datetime import date, datetime

import pytest
from starlette.testclient import TestClient

from demo.small import CITY, STEPS, Played
from specialty_eval.demo import people
from specialty_eval.demo.story import LATER, PARTS, Tale

REVIEW = """
    SELECT v.state, v.was_defaulted, v.corrections, v.taken_over, v.decided_rating, s.rating, s.reasons, v.id
    FROM review v JOIN specialty_code c USING (specialty_id) JOIN round r ON r.id = v.round_id
    LEFT JOIN score_sheet s ON s.id = v.sheet_id
    WHERE c.code = :code AND r.number = :number ORDER BY v.id
"""


def review(city: Played, tale: Tale, number: int) -> tuple[object, ...]:
    """The first review of the one that this happened to."""
    return city.rows(REVIEW, code=city.of(tale, number).code, number=number)[0]


def events(city: Played, tale: Tale, number: int) -> list[str]:
    return [str(kind) for kind, _, code, *_ in city.happened if code == city.of(tale, number).code]


# --- ratings ----------------------------------------------------------------------------------------------------------

OUTCOMES = {
    (Tale.LATE, 1): ("green", []),
    (Tale.DEFAULTED, 1): ("red", ["score-red"]),
    (Tale.DEFAULTED, 3): ("red", ["score-red"]),
    (Tale.RETURNED_TWICE, 1): ("green", []),
    (Tale.NEWCOMER, 1): ("unrated", ["newly-opened"]),
    (Tale.NEWCOMER, 2): ("unrated", ["newly-opened"]),
    (Tale.NEWCOMER, 3): ("unrated", ["newly-opened"]),
    (Tale.OFF_CATALOGUE, 1): ("green", []),
    (Tale.UNFILED, 1): ("red", ["enrolled-without-filing"]),
    (Tale.FALSE_DATA, 2): ("red", ["false-data"]),
    (Tale.NO_INTAKE, 3): ("red", ["no-intake-three-years"]),
    (Tale.WITHHELD, 2): ("red", ["withheld-figures"]),
    (Tale.CHALLENGED, 1): ("green", []),
    (Tale.CHAIR_CONFLICT, 1): ("green", []),
    (Tale.PHASED_OUT, 1): ("red", ["score-red"]),
    (Tale.RECOVERS, 1): ("red", ["score-red"]),
    (Tale.RECTIFIED, 1): ("yellow", ["score-yellow"]),
    (Tale.NO_PLAN, 1): ("yellow", ["score-yellow"]),
    (Tale.OBJECTION_UPHELD, 2): ("red", ["internship-grave-breach"]),
    (Tale.OBJECTION_REJECTED, 2): ("yellow", []),
    (Tale.APPEAL_REJECTED, 2): ("yellow", []),
    (Tale.APPEAL_OPEN, 3): ("yellow", []),
}


@pytest.mark.parametrize(("tale", "number"), OUTCOMES)
def test_a_tale_ends_with_its_rating_for_its_reason(city: Played, tale: Tale, number: int) -> None:
    rating, because = OUTCOMES[tale, number]
    state, _, _, _, decided, computed, reasons, _ = review(city, tale, number)

    assert (state, decided, computed) == ("confirmed", rating, rating)
    assert isinstance(reasons, list)
    assert set(because) <= set(reasons)


def test_all_that_was_cast_is_on_record(city: Played) -> None:
    assert {(p.tale, p.round) for p in PARTS} == {(s.tale, s.round) for s in CITY.specialties if s.tale}
    assert all(city.rows(REVIEW, code=s.code, number=s.round) for s in CITY.specialties)


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_a_school_with_an_extension_submits_after_the_others_deadline(city: Played) -> None:
    happened = events(city, Tale.LATE, 1)

    assert happened.index("review.extend") < happened.index("review.submit")
    assert review(city, Tale.LATE, 1)[1] is False


def test_who_reports_nothing_defaults_after_two_reminders(city: Played) -> None:
    happened = events(city, Tale.DEFAULTED, 1)

    assert "review.submit" not in happened
    assert "review.default" in happened
    assert review(city, Tale.DEFAULTED, 1)[1] is True
    assert [kind for kind, *_ in city.happened].count("round.remind") == 6


def test_a_figure_is_returned_by_the_county_and_another_by_the_bureau(city: Played) -> None:
    happened = events(city, Tale.RETURNED_TWICE, 1)

    assert [happened.count(kind) for kind in ("review.submit", "review.return")] == [3, 2]
    assert review(city, Tale.RETURNED_TWICE, 1)[2] == 2


def test_missing_figures_are_missing_and_not_nought(city: Played) -> None:
    missing = """SELECT count(*) FROM figure f JOIN specialty_code c USING (specialty_id)
                 WHERE c.code = :code AND f.year = 2024 AND f.measure = :measure AND f.value <> ''"""
    gaps, withheld = city.of(Tale.GAPS, 2).code, city.of(Tale.WITHHELD, 2).code

    assert city.rows(missing, code=gaps, measure="partner_posts") == [(0,)]
    assert city.rows(missing, code=withheld, measure="matched_employed") == [(0,)]
    assert city.rows(missing, code=gaps, measure="graduates") == [(1,)]


def test_where_the_county_keeps_silent_the_bureau_takes_over_and_a_figure_without_proof_does_not_count(
    city: Played,
) -> None:
    happened = events(city, Tale.TAKEN_OVER, 2)

    assert review(city, Tale.TAKEN_OVER, 2)[3] is True
    assert "review.take_over" in happened


def test_a_flooded_school_is_exempted_and_keeps_its_rating(city: Played) -> None:
    told = city.of(Tale.EXEMPTED, 2)

    assert review(city, Tale.EXEMPTED, 2)[0] == "exempted"
    assert told.now == told.before == "green"


# --- committee --------------------------------------------------------------------------------------------------------


def test_the_chair_is_recused_from_one_item_and_the_deputy_closes_it(city: Played) -> None:
    told = city.of(Tale.CHAIR_CONFLICT, 1)
    recused = """SELECT p.login FROM interest_declaration d JOIN meeting_item i ON i.id = d.item_id
                 JOIN person p ON p.id = d.person_id JOIN review v ON v.id = i.review_id
                 JOIN specialty_code c USING (specialty_id) WHERE c.code = :code AND d.interest <> 'none'"""
    closed = """SELECT p.login FROM event e JOIN person p ON p.id = e.actor_person_id
                JOIN specialty_code c USING (specialty_id) WHERE c.code = :code AND e.kind = 'item.vote'"""

    assert city.rows(recused, code=told.code) == [(people.CHAIR,)]
    assert city.rows(closed, code=told.code) == [(people.DEPUTY_CHAIR,)]


def test_a_vote_without_a_quorum_is_put_off_and_taken_with_substitutes(city: Played) -> None:
    meetings = """SELECT i.state FROM meeting_item i JOIN meeting m ON m.id = i.meeting_id WHERE i.review_id IN
                  (SELECT review_id FROM meeting_item WHERE state = 'voided' GROUP BY 1 HAVING count(*) = 1)
                  ORDER BY i.id"""

    assert city.rows(meetings) == [("voided",), ("closed",)]


def test_two_thirds_override_a_proposal_with_a_reason_on_record(city: Played) -> None:
    _, _, _, _, decided, computed, _, _ = review(city, Tale.OVERRIDDEN, 2)
    reason = """SELECT d.reason FROM decision d JOIN review v ON v.decision_id = d.id
                JOIN specialty_code c USING (specialty_id) WHERE c.code = :code"""

    assert (computed, decided) == ("yellow", "green")
    assert city.rows(reason, code=city.of(Tale.OVERRIDDEN, 2).code) != [("",)]


def test_a_tie_is_settled_by_the_chair_and_whoever_closes_it_too_is_told_what_changed(city: Played) -> None:
    voted = """SELECT d.rating, d.computed, d.tally -> 'votes', d.tally -> 'tied', d.tally ->> 'casting', d.item_id
               FROM decision d JOIN review v ON v.decision_id = d.id JOIN specialty_code c USING (specialty_id)
               WHERE c.code = :code"""
    happened = """SELECT kind, facts FROM event WHERE subject_kind = 'meeting_item' AND subject_id = :item
                  AND kind IN ('item.close', 'demo.refuse') ORDER BY seq"""
    ((*outcome, item),) = city.rows(voted, code=city.of(Tale.TIED, 3).code)
    closed, told = city.rows(happened, item=item)

    assert outcome == ["green", "yellow", {"green": 6, "yellow": 6}, ["green", "yellow"], "green"]
    assert (closed[0], told[0]) == ("item.close", "demo.refuse")
    facts = told[1]
    assert isinstance(facts, dict)
    assert (facts["code"], facts["state"], facts["current"] - facts["yours"]) == ("changed-meanwhile", "closed", 1)


# --- objections and appeals -------------------------------------------------------------------------------------------


def test_an_upheld_objection_sends_one_review_back_while_the_others_are_confirmed(city: Played) -> None:
    """It is decided anew with what the bureau corrects itself, and is listed with what was voted on in writing."""
    anew = {city.of(tale, 2).code for tale in (Tale.OBJECTION_UPHELD, Tale.TAKEN_OVER)}
    anew.add(CITY.untold(2)[-1].code)  # voted on in writing
    last = """SELECT c.code FROM review v JOIN specialty_code c USING (specialty_id) JOIN round r ON r.id = v.round_id
              WHERE r.number = 2 AND v.confirmed_at = (SELECT max(confirmed_at) FROM review WHERE round_id = r.id)"""

    assert events(city, Tale.OBJECTION_UPHELD, 2).count("review.publicise") == 2
    assert {code for (code,) in city.rows(last)} == anew


def test_a_rating_confirmed_after_the_cutoff_acts_on_the_plan_after_the_next(city: Played) -> None:
    quotas = city.of(Tale.OBJECTION_UPHELD, 2).quotas

    assert quotas[2025] == quotas[2024]
    assert quotas[2026] == quotas[2024] // 2


def test_an_upheld_appeal_supersedes_the_rating_and_the_plan_that_followed_from_it(
    city: Played, http: TestClient
) -> None:
    told = city.of(Tale.APPEAL_UPHELD, 1)
    lines = """SELECT p.number, p.state, l.cause, l.set_aside FROM enrolment_line l
               JOIN enrolment_plan p ON p.id = l.plan_id JOIN specialty_code c USING (specialty_id)
               WHERE c.code = :code AND p.academic_year = 2024 ORDER BY p.number"""
    then = {"valid_at": "2024-07-01", "known_at": "2024-07-01T00:00:00Z"}
    at = f"/v1/specialties/{told.code}/status"

    assert told.ratings[-2:] == ("red", "green")
    assert http.get(at, params=then).json()["rating"] == "red"
    assert http.get(at, params={"valid_at": "2024-07-01"}).json()["rating"] == "green"
    assert city.rows(lines, code=told.code) == [(1, "superseded", "red", True), (2, "approved", "green", False)]
    assert told.quotas[2024] > told.quotas[2023]


def test_what_is_open_at_the_end_is_within_its_days_and_the_old_rating_holds(city: Played, http: TestClient) -> None:
    open_ = [s for tale in LATER for s in CITY.told(tale, 3)]
    under = {s.code: http.get(f"/v1/specialties/{s.code}/status").json()["under"] for s in open_}
    due = """SELECT answer_due FROM objection WHERE state = 'admitted'
             UNION ALL SELECT answer_due FROM appeal WHERE state = 'admitted'"""
    last = max(at for _, at, *_ in city.happened if isinstance(at, datetime))

    assert under == {s.code: ["appeal" if s.tale == Tale.APPEAL_OPEN else "objection"] for s in open_}
    assert all(isinstance(at, datetime) and at > last for (at,) in city.rows(due))
    assert all(city.of(Tale.OBJECTION_OPEN, 3).now == "green" for _ in open_)


def test_a_panel_below_its_minimum_is_set_aside_and_scored_in_a_further_run(city: Played) -> None:
    runs = """SELECT s.number, a->>'code', a->>'reason' FROM score_run s JOIN round r ON r.id = s.round_id,
              jsonb_array_elements(s.set_aside) a WHERE r.number = 3 ORDER BY 1, 2"""
    later = sorted(s.code for tale in LATER for s in CITY.told(tale, 3))

    assert city.rows(runs) == [(1, code, "panel-below-minimum") for code in later]


# --- places and standings ---------------------------------------------------------------------------------------------


def test_a_red_is_halved_then_suspended(city: Played) -> None:
    told = city.of(Tale.PHASED_OUT, 1)
    opening = told.quotas[2023]

    assert dict(told.quotas) == {2023: opening, 2024: opening // 2, 2025: 0, 2026: 0}
    assert told.standing == "suspended"


MENDED = """SELECT r.state, r.failures, r.passed_on FROM rectification r JOIN specialty_code c USING (specialty_id)
            WHERE c.code = :code"""


def test_a_red_that_passes_its_recheck_is_restored_and_gets_most_of_its_places_back(city: Played) -> None:
    told = city.of(Tale.RECOVERS, 1)
    opening = told.quotas[2023]

    ((state, failures, passed_on),) = city.rows(MENDED, code=told.code)

    assert (state, failures) == ("passed", 0)
    assert isinstance(passed_on, date)
    assert date(2025, 6, 24) < passed_on <= date(2025, 6, 30)  # in time for the year's plan
    assert dict(told.quotas) == {2023: opening, 2024: opening // 2, 2025: opening * 7 // 10, 2026: opening * 7 // 10}
    assert told.standing == "normal"


def test_a_red_of_before_that_a_later_round_rates_yellow_begins_again_small(city: Played) -> None:
    told = city.of(Tale.BEGINS_AGAIN, 3)
    opening = told.quotas[2023]

    assert (told.before, told.now, told.standing) == ("red", "yellow", "restricted")
    assert dict(told.quotas) == {2023: opening, 2024: 0, 2025: 0, 2026: 30}


def test_a_yellow_that_passes_its_recheck_gets_all_of_its_places_back(city: Played) -> None:
    told = city.of(Tale.RECTIFIED, 1)

    assert told.rectification == "passed"
    assert told.quotas[2024] < told.quotas[2025] == told.quotas[2023]


def test_what_fails_its_recheck_twice_is_proposed_to_be_closed(city: Played) -> None:
    proposals = (
        "SELECT p.grounds FROM closing_proposal p JOIN specialty_code c USING (specialty_id) WHERE c.code = :code"
    )
    told = city.of(Tale.PHASED_OUT, 1)

    assert city.rows(MENDED, code=told.code) == [("failed", 2, None)]
    assert city.rows(proposals, code=told.code) == [("rechecks_failed",)]


def test_without_a_plan_in_time_closing_is_proposed_and_decided_a_year_later(city: Played) -> None:
    proposals = """SELECT p.grounds, p.decision FROM closing_proposal p JOIN specialty_code c USING (specialty_id)
                   WHERE c.code = :code"""

    assert city.rows(proposals, code=city.of(Tale.NO_PLAN, 1).code) == [("plan_lapsed", "keep")]
    assert city.rows(proposals, code=city.of(Tale.DEFAULTED, 1).code) == [("plan_lapsed", "close")]


def test_no_recheck_is_left_undone_and_a_superseded_rating_asks_for_nothing(city: Played) -> None:
    states = {state for (state,) in city.rows("SELECT DISTINCT state FROM rectification")}

    assert states == {"passed", "failed", "in_progress", "superseded"}
    assert city.rows(MENDED, code=city.of(Tale.APPEAL_UPHELD, 1).code) == [("superseded", 0, None)]


def test_every_year_has_an_approved_plan_by_two_people_and_the_next_one_is_begun(city: Played) -> None:
    plans = city.rows(
        """SELECT p.academic_year, p.state, s.login, a.login FROM enrolment_plan p
           LEFT JOIN person s ON s.id = p.submitted_by LEFT JOIN person a ON a.id = p.approved_by
           ORDER BY p.academic_year, p.number"""
    )

    assert [plan[:2] for plan in plans] == [
        (2024, "superseded"), (2024, "approved"), (2025, "approved"), (2026, "approved"), (2027, "draft"),
    ]  # fmt: skip
    assert {plan[2:] for plan in plans[:4]} == {("planner", "approver")}


def test_an_adjusted_line_says_why(city: Played) -> None:
    adjusted = city.rows("SELECT quota - computed, adjustment_reason FROM enrolment_line WHERE quota <> computed")

    assert adjusted
    assert all(reason for _, reason in adjusted)


def test_the_intake_follows_the_approved_places(city: Played) -> None:
    intake = """SELECT f.value FROM figure f JOIN specialty_code c USING (specialty_id)
                WHERE c.code = :code AND f.measure = 'plan_places' AND f.year = 2025 AND f.value <> ''"""
    told = city.of(Tale.PHASED_OUT, 1)

    assert {value for (value,) in city.rows(intake, code=told.code)} == {"0"}


def test_rounds_that_are_over_are_concluded_and_the_last_waits_for_what_is_open(city: Played) -> None:
    rounds = city.rows("SELECT number, state FROM round WHERE year <= 2026 ORDER BY number")

    assert rounds == [(1, "concluded"), (2, "concluded"), (3, "publicised")]


def test_deadlines_were_kept(city: Played) -> None:
    late = city.rows(
        """SELECT o.id FROM objection o JOIN event e ON e.subject_kind = 'objection' AND e.subject_id = o.id
           WHERE e.kind IN ('objection.uphold', 'objection.reject') AND e.at > o.answer_due
           UNION ALL SELECT a.id FROM appeal a JOIN event e ON e.subject_kind = 'appeal' AND e.subject_id = a.id
           WHERE e.kind IN ('appeal.uphold', 'appeal.reject') AND e.at > a.answer_due"""
    )

    assert late == []


def test_time_only_moves_forward_and_every_step_is_marked(city: Played) -> None:
    at = [at for _, at, *_ in city.happened if isinstance(at, datetime)]

    assert at == sorted(at)
    assert len(STEPS) == [kind for kind, *_ in city.happened].count("demo.step")


def test_every_year_has_its_lists_for_the_next_by_two_people_each_entry_with_its_reasons(city: Played) -> None:
    found = city.rows(
        """SELECT l.year, l.kind, l.state, b.login, a.login FROM specialty_list l
           JOIN person b ON b.id = l.built_by JOIN person a ON a.id = l.approved_by ORDER BY l.year, l.kind"""
    )

    assert [row[:3] for row in found] == [
        (year, kind, "published") for year in (2025, 2026, 2027) for kind in ("negative", "urgent")
    ]
    assert {row[3:] for row in found} == {("secretary", "approver")}
    entries = city.rows("SELECT reasons, figures, exempt_by, exempt_reason FROM specialty_list_entry")
    assert entries
    assert all(reasons and figures for reasons, figures, _, _ in entries)
    assert {bool(reason) for _, _, by, reason in entries if by == "person"} <= {True}


# --- applications -----------------------------------------------------------------------------------------------------


def test_of_the_applications_one_is_clear_one_listed_one_gets_an_x_one_is_visited_one_moves_and_one_waits(
    city: Played,
) -> None:
    found = """SELECT a.kind, a.state, coalesce(c.code, ''), (SELECT string_agg(f ->> 'code', ' ') FROM
                      jsonb_array_elements(a.findings) f)
               FROM application a LEFT JOIN specialty_code c USING (specialty_id) ORDER BY a.id"""
    clear, listed, off_catalogue, visited, moved, closing = city.rows(found)

    assert (clear[:2], clear[3]) == (("open", "registered"), None)
    assert listed[:3] == ("open", "refused", "")
    assert "opening-listed" in str(listed[3]).split()
    assert (off_catalogue[:2], off_catalogue[3]) == (("off_catalogue", "registered"), None)
    assert "-X9" in str(off_catalogue[2])  # behind the number of the one the city brought along
    assert visited == ("off_catalogue", "committee", "", "opening-limit-unknown")
    assert (moved[:2], moved[3]) == (("change", "registered"), None)
    assert closing[:2] == ("close", "received")
    letters = "SELECT kind, count(*) FROM document WHERE kind LIKE 'application%' GROUP BY kind ORDER BY kind"
    assert city.rows(letters) == [("application_approval", 3), ("application_refusal", 1)]
    assert city.rows("SELECT application_id FROM application_attachment") == [(1,)]
    recused = (
        "SELECT jsonb_array_length(tally -> 'recused') FROM recorded_vote WHERE application_id IS NOT NULL ORDER BY id"
    )
    assert city.rows(recused) == [(0,), (1,), (0,)]


def test_no_school_is_renamed_that_has_a_specialty_still_to_open(city: Played) -> None:
    later = city.rows("SELECT DISTINCT school_id FROM specialty WHERE opened_on > '2026-12-31'")
    renamed = city.rows("SELECT school_id FROM school_name")

    assert later
    assert len(renamed) == 1
    assert not {*later} & {*renamed}
