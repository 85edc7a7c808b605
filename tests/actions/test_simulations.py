"""A policy tried over a scored round: what is kept, that nothing else changes, and who sees which rows."""

import csv
import hashlib
from datetime import date
from io import StringIO
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_cycle
from factories_deliberation import Sitting, add_sheet, employ, refused
from factories_scored import make_computed
from small_policy import POLICY
from specialty_eval.actions import bundles, simulations
from specialty_eval.actions.paging import Page
from specialty_eval.actions.simulations import Tried
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.engine.frozen import Inputs
from specialty_eval.store.cycles import PolicyDocument
from specialty_eval.store.ledger import Event
from specialty_eval.store.metadata import METADATA
from specialty_eval.store.outcomes import OpeningQuota
from specialty_eval.store.registry import SpecialtyCode
from specialty_eval.store.reviews import Review, ScoreRun, ScoreSheet
from specialty_eval.store.simulations import Simulation, SimulationRow

STRICTER = POLICY.replace("total: {at_least: 80}", "total: {at_least: 82}").replace('version: "1"', 'version: "1-copy"')
OWN = {"event", "simulation", "simulation_row"}
"""What a simulation writes: its own tables, and one event."""


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_computed(session, {"one-a": "90", "two-a": "60"})


def digests(session: Session) -> dict[str, str]:
    """A hash of every row of every other table."""
    session.flush()
    found = {}
    for name in METADATA.tables.keys() - OWN:
        rows = session.execute(sa.text(f'SELECT t::text FROM "{name}" t ORDER BY 1')).scalars()
        found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def rows(s: Sitting, who: str, made: Simulation, limit: int = 50) -> list[dict[str, Any]]:
    return simulations.rows(s.as_(who), made.id, Page(limit))[0]


def colours(s: Sitting, found: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    short = {code: name for name, code in s.city.codes.items()}
    return {short[row["code"]]: (row["before"]["rating"], row["after"]["rating"]) for row in found}


def add_quota(s: Sitting, short: str, quota: int, capacity: int | None) -> None:
    """The opening balance of the year before the round's."""
    s.session.add(OpeningQuota(specialty_id=s.city.specialties[short], academic_year=2025, quota=quota,
                               capacity=capacity, source="示例", recorded_at=s.city.now))  # fmt: skip
    s.session.flush()


def test_a_stricter_copy_is_tried_and_everybodys_row_is_kept(s: Sitting) -> None:
    made = simulations.simulate(s.as_("policy-editor"), s.round_id, Tried(text=STRICTER, draws=100))
    # 0.7 x 90 and 0.2 x 50 of 0.9 is 81.11; 0.7 x 60 with the same is 57.78.
    assert colours(s, rows(s, "secretary", made)) == {"one-a": ("green", "yellow"), "two-a": ("red", "red")}
    assert (made.policy_version, made.draws, made.summary["changed"]) == ("1-copy", 100, 1)
    assert [row["code"] for row in simulations.rows(s.as_("auditor"), made.id, Page(50), changed=True)[0]] == [
        s.city.codes["one-a"]
    ]


def test_it_touches_nothing_but_its_own_tables_and_writes_one_event_for_the_office(s: Sitting) -> None:
    add_quota(s, "one-a", 100, 110)
    before = digests(s.session)
    events = s.session.scalar(sa.select(sa.func.count()).select_from(Event))
    simulations.simulate(s.as_("secretary"), s.round_id, Tried(text=STRICTER, draws=10))
    assert digests(s.session) == before
    new = s.session.scalars(sa.select(Event).order_by(Event.seq).offset(events)).all()
    assert [(event.kind, event.audience, event.round_id) for event in new] == [("round.simulate", "office", s.round_id)]


def test_the_policy_itself_is_not_kept(s: Sitting) -> None:
    simulations.simulate(s.as_("secretary"), s.round_id, Tried(text=STRICTER, draws=0))
    assert s.session.scalar(sa.select(sa.func.count()).select_from(PolicyDocument)) == 1


def test_places_are_counted_from_the_last_quota_before_the_round(s: Sitting) -> None:
    add_quota(s, "one-a", 100, 110)
    made = simulations.simulate(s.as_("secretary"), s.round_id, Tried(text=STRICTER, draws=0))
    by = {row["code"]: (row["quota"], row["before"]["places"], row["after"]["places"])
          for row in rows(s, "secretary", made)}  # fmt: skip
    assert by == {s.city.codes["one-a"]: (100, 110, 70), s.city.codes["two-a"]: (None, None, None)}
    sums = made.summary["places"]["all"]
    assert (sums["unknown"], sums["before"], sums["after"], sums["lost"]) == (1, 110, 70, 40)


def test_the_rounds_own_policy_gives_what_its_sheets_say(s: Sitting) -> None:
    made = simulations.simulate(s.as_("bureau-approver"), s.round_id, Tried(draws=0))
    sheets = sa.select(Review.id, ScoreSheet.rating).join(ScoreSheet, ScoreSheet.id == Review.sheet_id)
    of = {key: rating for key, rating in s.session.execute(sheets)}  # noqa: C416 -- a Row is no tuple to dict()
    expected = {short: (of[key], of[key]) for short, key in s.reviews.items()}
    assert colours(s, rows(s, "secretary", made)) == expected


def test_a_review_scored_again_alone_is_looked_at_as_it_was_scored_last(s: Sitting) -> None:
    inputs = scoring_files(s)
    row = s.session.scalars(sa.select(ScoreRun).options(sa.orm.undefer(ScoreRun.inputs))).one()
    code = s.city.codes["two-a"]
    evidence = [line for line in csv.DictReader(StringIO(inputs.evidence)) if line["specialty"] == code]
    evidence[-1]["employed"] = "99"
    single = inputs.with_own(code, evidence, [])
    run = ScoreRun(
        round_id=s.round_id, number=2, kind="single", within_id=row.id, policy_digest=single.policy,
        inputs_digest=single.digest, inputs=single.packed(), set_aside=[], notes=[], made_at=s.city.now,
    )  # fmt: skip
    s.session.add(run)
    s.session.flush()
    add_sheet(s.session, run.id, s.reviews["two-a"], "green", ["good"])
    made = simulations.simulate(s.as_("secretary"), s.round_id, Tried(draws=0))
    assert made.run_id == run.id
    assert colours(s, rows(s, "secretary", made))["two-a"] == ("green", "green")


def scoring_files(s: Sitting) -> Inputs:
    return Inputs.unpacked(s.session.scalars(sa.select(ScoreRun.inputs)).one())


def test_whoever_is_recused_from_one_tries_nothing_and_reads_the_others_alone(s: Sitting) -> None:
    made = simulations.simulate(s.as_("secretary"), s.round_id, Tried(text=STRICTER, draws=10))
    employ(s, "bureau-approver", school="one")
    who = s.as_("bureau-approver")
    assert refused(NotYou, lambda: simulations.simulate(who, s.round_id, Tried())) == [("recused", "simulation")]
    assert colours(s, rows(s, "bureau-approver", made)) == {"two-a": ("red", "red")}
    _, sums = simulations.read(who, made.id)
    assert (sums["specialties"], sums["changed"], sums["ratings"]["before"]["green"]) == (1, 0, 0)
    assert simulations.read(s.as_("secretary"), made.id)[1]["changed"] == 1


def test_a_former_code_of_ones_own_specialty_stays_hidden(s: Sitting) -> None:
    made = simulations.simulate(s.as_("secretary"), s.round_id, Tried(draws=0))
    employ(s, "auditor", school="one")
    key = s.city.specialties["one-a"]
    s.session.execute(sa.text("UPDATE specialty_code SET valid_to = current_date WHERE specialty_id = :k"), {"k": key})
    s.session.add(SpecialtyCode(code="3799999999-new", specialty_id=key, valid_from=date(2026, 1, 1)))
    s.session.flush()
    assert list(colours(s, rows(s, "auditor", made))) == ["two-a"]


def test_another_office_learns_of_none(s: Sitting) -> None:
    made = simulations.simulate(s.as_("secretary"), s.round_id, Tried(draws=0))
    assert refused(NotFound, lambda: simulations.read(s.as_("planner"), made.id)) == [("not-found", "simulation")]
    assert refused(NotYou, lambda: simulations.simulate(s.as_("planner"), s.round_id, Tried())) == [
        ("role-missing", "simulation")
    ]


def test_before_a_round_was_scored_there_is_nothing_to_try(s: Sitting) -> None:
    later = make_cycle(s.city, policy=POLICY.replace('version: "1"', 'version: "2"'), year=2027)
    assert refused(NotNow, lambda: simulations.simulate(s.as_("secretary"), later, Tried())) == [
        ("no-score-run", "score_run")
    ]


def test_every_mistake_of_what_is_asked_is_said(s: Sitting) -> None:
    asked = Tried(text=POLICY, policy=("small", "1"), draws=10_001)
    assert refused(Invalid, lambda: simulations.simulate(s.as_("secretary"), s.round_id, asked)) == [
        ("two-policies-to-try", "policy"), ("draws-out-of-range", "draws"),
    ]  # fmt: skip


def test_a_broken_copy_is_refused_with_its_lines_and_nothing_is_kept(s: Sitting) -> None:
    broken = Tried(text=POLICY.replace("rate: green", "rate: blue"))
    assert refused(Invalid, lambda: simulations.simulate(s.as_("secretary"), s.round_id, broken)) == [
        ("not-one-of", "rating.rules[0].rate")
    ]
    assert not s.session.scalar(sa.select(sa.func.count()).select_from(SimulationRow))


def test_rows_are_paged_by_code(s: Sitting) -> None:
    made = simulations.simulate(s.as_("secretary"), s.round_id, Tried(draws=0))
    first, cursor = simulations.rows(s.as_("secretary"), made.id, Page(1))
    second, end = simulations.rows(s.as_("secretary"), made.id, Page.of(1, cursor))
    assert [row["code"] for row in (*first, *second)] == sorted(s.city.codes[short] for short in ("one-a", "two-a"))
    assert end is None


def test_the_command_line_reads_the_same_round_by_its_code(s: Sitting) -> None:
    code = bundles.rounds(s.city.clock())[0].round.code
    policy, facts = simulations.of_round(s.city.clock(), code)
    assert policy.id == "small"
    assert sorted(facts.rated or ()) == sorted(s.city.codes[short] for short in ("one-a", "two-a"))
    assert refused(NotFound, lambda: simulations.of_round(s.city.clock(), "nowhere")) == [("not-found", "round")]
