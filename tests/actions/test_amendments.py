"""A pinned policy is amended: by two people, with what it changes tried before, and never over what was public."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import make_cycle
from factories_consequences import events
from factories_deliberation import Sitting, decide, publicise, refused, serve
from factories_scored import PDF, make_computed
from racing import at_once
from small_policy import POLICY
from specialty_eval.actions import amendments, attachments, challenges, cycles, scoring, simulations
from specialty_eval.actions.amendments import NewVersion
from specialty_eval.actions.paging import Page
from specialty_eval.actions.simulations import Tried
from specialty_eval.engine.cases import ChallengeEvent
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou, Refusal
from specialty_eval.store.amendments import Amendment
from specialty_eval.store.base import make_engine
from specialty_eval.store.cycles import PolicyDocument, Round
from specialty_eval.store.reviews import Review, ScoreRun, ScoreSheet
from specialty_eval.store.simulations import Simulation

STRICTER = POLICY.replace("total: {at_least: 80}", "total: {at_least: 82}").replace('version: "1"', 'version: "2"')


@pytest.fixture
def s(session: Session) -> Sitting:
    return make_computed(session, {"one-a": "90", "two-a": "60"})


def import_(s: Sitting, text: str = STRICTER) -> PolicyDocument:
    return cycles.import_policy(s.as_("policy-editor"), text)[0]


def codes(act: Callable[[], object], kind: type[Refusal] = NotNow) -> list[str]:
    return [code for code, _ in refused(kind, act)]


def tried(s: Sitting, version: str = "2", round_id: int | None = None) -> int:
    over = s.round_id if round_id is None else round_id
    return simulations.simulate(s.as_("policy-editor"), over, Tried(policy=("small", version), draws=0)).id


def proposed(s: Sitting, reason: str = "合格线误写为80") -> Amendment:
    import_(s)
    return amendments.propose(s.as_("policy-editor"), s.round_id, NewVersion("small", "2", reason, tried(s)))


def states(s: Sitting) -> dict[str, tuple[str, str]]:
    """Short name → state, computed rating on the sheet it stands on."""
    found = sa.select(Review.id, Review.state, ScoreSheet.rating).join(ScoreSheet, ScoreSheet.id == Review.sheet_id)
    rows = {key: (state, rating) for key, state, rating in s.session.execute(found)}
    return {short: rows[key] for short, key in s.reviews.items()}


def test_the_second_person_pins_the_new_version_and_all_that_was_scored_is_scored_anew(s: Sitting) -> None:
    decide(s)
    assert states(s) == {"one-a": ("decided", "green"), "two-a": ("decided", "red")}
    made = amendments.record(s.as_("bureau-approver"), proposed(s).id)

    assert states(s) == {"one-a": ("scored", "yellow"), "two-a": ("scored", "red")}
    assert cycles_policy(s) == "2"
    runs = s.session.scalars(sa.select(ScoreRun).order_by(ScoreRun.number)).all()
    assert [run.id for run in runs][-1] == made.run_id
    kept = [scoring.files(scoring.read(s.as_("auditor"), run.id))["evidence.csv"].count("\n") for run in runs]
    assert kept == [3, 3]
    assert runs[0].policy_digest != runs[1].policy_digest
    [event] = events(s, "amendment.record")
    assert (event.audience, event.facts["from"], event.facts["to"]) == ("public", "1", "2")
    assert event.facts["simulation"] == made.simulation_id


def cycles_policy(s: Sitting) -> str:
    found = sa.select(PolicyDocument.policy_version).join(Round, Round.policy_id == PolicyDocument.id)
    return s.session.scalars(found.where(Round.id == s.round_id)).one()


def test_a_round_not_scored_yet_is_amended_with_a_simulation_over_one_of_the_same_policy(s: Sitting) -> None:
    """Its own has nothing to try it over."""
    later = make_cycle(s.city, policy=POLICY, year=2027)
    import_(s)
    assert codes(lambda: amendments.propose(s.as_("secretary"), later, NewVersion("small", "2", "笔误"))) == [
        "simulation-outdated"
    ]
    made = amendments.propose(s.as_("secretary"), later, NewVersion("small", "2", "笔误", tried(s)))
    amendments.record(s.as_("bureau-approver"), made.id)

    assert (made.state, made.run_id) == ("recorded", None)
    assert states(s)["one-a"] == ("scored", "green")


def test_what_is_no_other_version_of_the_pinned_policy_is_refused(s: Sitting) -> None:
    other = import_(s, POLICY.replace("id: small", "id: other", 1))
    ctx = s.as_("secretary")
    assert codes(lambda: amendments.propose(ctx, s.round_id, NewVersion("small", "9", "x")), Invalid) == [
        "policy-unknown"
    ]
    named = NewVersion(other.policy_id, other.policy_version, "x")
    assert codes(lambda: amendments.propose(ctx, s.round_id, named), Invalid) == ["policy-of-another-name"]
    assert codes(lambda: amendments.propose(ctx, s.round_id, NewVersion("small", "1", "x")), Invalid) == [
        "policy-pinned-already"
    ]


def test_never_over_what_is_public_and_every_reason_is_said(s: Sitting) -> None:
    made = proposed(s)
    publicise(serve(decide(s)))
    scoring_run_since = NewVersion("small", "2", " ")
    assert codes(lambda: amendments.propose(s.as_("secretary"), s.round_id, scoring_run_since)) == [
        "reason-missing", "results-are-public", "simulation-outdated",
    ]  # fmt: skip
    assert codes(lambda: amendments.record(s.as_("bureau-approver"), made.id)) == ["results-are-public"]
    assert states(s)["one-a"] == ("publicised", "green")


def test_a_simulation_of_an_older_run_does_not_do(s: Sitting) -> None:
    made = proposed(s)
    scoring.order_new_run(
        s.as_("secretary"), s.round_id, "示例：更正", go_on=dict.fromkeys(s.reviews.values(), "无专家")
    )

    assert codes(lambda: amendments.record(s.as_("bureau-approver"), made.id)) == ["simulation-outdated"]


def test_nobody_records_what_they_proposed_and_others_do_not_learn_of_it(s: Sitting) -> None:
    made = proposed(s)
    for who in ("policy-editor", "secretary", "planner"):
        with pytest.raises((NotYou, NotFound)):
            amendments.record(s.as_(who), made.id)
    with pytest.raises(NotFound):
        amendments.read(s.city.nobody(), made.id)
    assert amendments.listing(s.city.nobody(), s.round_id, Page(9))[0] == []
    amendments.withdraw(s.as_("policy-editor"), made.id, "另有安排")
    assert codes(lambda: amendments.record(s.as_("bureau-approver"), made.id)) == ["step-not-open"]
    again = amendments.propose(s.as_("policy-editor"), s.round_id, NewVersion("small", "2", "再次提出", tried(s)))
    amendments.record(s.as_("bureau-approver"), again.id)
    assert amendments.listing(s.city.nobody(), s.round_id, Page(9))[0] == [again]


def test_what_is_being_corrected_comes_into_a_run_by_the_new_version(s: Sitting) -> None:
    """Scored again within its old run, it would be rated by a version that its round pins no more."""
    key = s.reviews["two-a"]
    s.session.get_one(Review, key).challenge_due = s.city.now + timedelta(days=30)
    s.session.flush()
    challenges.open_sheet(s.as_("head-two"), key)
    attachments.attach(s.as_("head-two"), key, "employed", "示例.pdf", PDF)
    made = challenges.challenge(s.as_("head-two"), key, "employed", "98", "漏计")
    challenges.answer(s.as_("bureau-verifier"), made.id, ChallengeEvent.UPHOLD, "属实")
    amendments.record(s.as_("bureau-approver"), proposed(s).id)

    assert codes(lambda: scoring.rescore(s.as_("secretary"), key, "无专家")) == ["policy-amended"]
    scoring.run(s.as_("secretary"), s.round_id, go_on={key: "无专家"})
    # 0.7 x 98 and 0.2 x 50 of 0.9 is 87.33.
    assert states(s) == {"one-a": ("scored", "yellow"), "two-a": ("scored", "green")}


def test_nobody_is_left_on_the_old_version(s: Sitting) -> None:
    """The new version refuses figures that the old one took."""
    strict = STRICTER.replace("employed: {label: {zh: 就业人数}, type: integer, min: 0",
                              "employed: {label: {zh: 就业人数}, type: integer, min: 70")  # fmt: skip
    import_(s, strict)
    # Nothing of this one's figures can be simulated: the attached simulation is of a row written beside it.
    sound = tried_beside(s)
    made = amendments.propose(s.as_("secretary"), s.round_id, NewVersion("small", "2", "笔误", sound))

    assert codes(lambda: amendments.record(s.as_("bureau-approver"), made.id)) == ["left-on-the-old-version"]


def tried_beside(s: Sitting) -> int:
    """A simulation as the version before gives it, under the digest of the new one."""
    new = s.session.scalars(sa.select(PolicyDocument).where(PolicyDocument.policy_version == "2")).one()
    kept = s.session.get_one(Simulation, simulations.simulate(s.as_("secretary"), s.round_id, Tried(draws=0)).id)
    told = {c.name: getattr(kept, c.name) for c in Simulation.__table__.columns if c.name != "id"}
    beside = Simulation(**{**told, "policy_version": "2", "policy_digest": new.digest})
    s.session.add(beside)
    s.session.flush()
    return beside.id


@pytest.fixture
def shared(fresh_database: str) -> Iterator[Sitting]:
    engine = make_engine(fresh_database, pool_size=4)
    with Session(engine, expire_on_commit=False) as session:
        yield make_computed(session, {"one-a": "90"})
    engine.dispose()


def test_who_records_it_at_once_with_another_or_with_a_run_is_told_what_changed(shared: Sitting) -> None:
    made = proposed(shared)
    shared.session.commit()
    engine = shared.session.get_bind()
    assert isinstance(engine, sa.Engine)
    approver = shared.as_("bureau-approver")

    said = at_once(engine, *[(approver, lambda ctx: amendments.record(ctx, made.id))] * 3)

    assert sorted(said) == ["done", "step-not-open", "step-not-open"]
    shared.session.expire_all()
    assert states(shared) == {"one-a": ("scored", "yellow")}
    assert shared.session.scalar(sa.select(sa.func.count()).select_from(ScoreRun)) == 2
