"""Two people acting at once on evidence, verification, scoring and publication: one wins, the other is told."""

from collections.abc import Iterator
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_deliberation import decide, make_publicised, make_scored
from racing import at_once
from small_policy import POLICY
from specialty_eval.actions import (
    evidence,
    jobs,
    overdue,
    previews,
    publications,
    ratings,
    rounds,
    scoring,
    verification,
)
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.store.base import make_engine
from specialty_eval.store.ledger import Event
from specialty_eval.store.outcomes import RatingInForce
from specialty_eval.store.overdue import Escalation
from specialty_eval.store.reviews import EvidenceVersion, Review, ScoreRun, ScoreSheet

GOOD = Figures({"graduates": "100", "employed": "90"}, {"graduates": "学籍系统"})
HEADS = {"one-a": "head-one", "one-b": "head-one", "two-a": "head-two"}


@pytest.fixture
def engine(fresh_database: str) -> Iterator[sa.Engine]:
    made = make_engine(fresh_database, pool_size=8)
    yield made
    made.dispose()


@pytest.fixture
def session(engine: sa.Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as made:
        yield made


@pytest.fixture
def city(session: Session) -> City:
    """A round that collects; three schools' reviews have a draft that may be handed in."""
    made = make_city(session)
    made.reviews |= open_round(made, make_cycle(made, policy=POLICY))
    for short, head in HEADS.items():
        evidence.save(made.as_(head), made.reviews[short], GOOD, "自评", version=None)
    return made


def hand_in(city: City) -> None:
    for short, head in HEADS.items():
        evidence.submit(city.as_(head), city.reviews[short])
    city.session.commit()


def kinds(session: Session, kind: str) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).where(Event.kind == kind)) or 0


def test_one_of_two_submissions_freezes_the_evidence(city: City, engine: sa.Engine) -> None:
    head, keys = city.as_("head-one"), [city.reviews["one-a"], city.reviews["one-b"]]
    city.session.commit()

    for key in keys:
        said = at_once(engine, *((head, partial(evidence.submit, review_id=key)) for _ in range(2)))
        assert sorted(said) == ["done", "step-not-open"]

    assert city.session.scalar(sa.select(sa.func.count()).select_from(EvidenceVersion)) == 2
    assert kinds(city.session, "review.submit") == 2


def test_a_draft_saved_twice_at_once_keeps_one_and_tells_the_other(city: City, engine: sa.Engine) -> None:
    head, key = city.as_("head-one"), city.reviews["one-a"]
    city.session.commit()

    save = partial(evidence.save, review_id=key, figures=GOOD, self_evaluation="新", version=1)
    assert sorted(at_once(engine, (head, save), (head, save))) == ["changed-meanwhile", "done"]


def test_a_recall_and_a_claim_never_both_win(city: City, engine: sa.Engine) -> None:
    hand_in(city)
    for short, head in HEADS.items():
        key, county = city.reviews[short], f"county-{head.removeprefix('head-')}"
        acts = (city.as_(head), partial(evidence.recall, review_id=key)), (
            city.as_(county), partial(verification.claim, review_id=key))  # fmt: skip
        city.session.commit()

        said = at_once(engine, *acts)

        row = city.session.get_one(Review, key, populate_existing=True)
        assert said.count("done") == 1
        assert (row.state, row.claimed_by is None) == (("open", True) if said[0] == "done" else ("submitted", False))
        city.session.commit()


def test_passing_and_returning_at_once_leaves_one_state_and_one_event(city: City, engine: sa.Engine) -> None:
    hand_in(city)
    key, county = city.reviews["one-a"], city.as_("county-one")
    city.session.commit()

    said = at_once(
        engine,
        (county, partial(verification.pass_, review_id=key, accepted=verification.Verdicts())),
        (county, partial(verification.return_, review_id=key, fields={"graduates": "示例"})),
    )

    assert said.count("done") == 1
    state = city.session.get_one(Review, key, populate_existing=True).state
    assert state == ("checked" if said[0] == "done" else "returned")
    assert kinds(city.session, "review.pass") + kinds(city.session, "review.return") == 1


def test_two_score_runs_at_once_score_each_review_once(city: City, engine: sa.Engine) -> None:
    hand_in(city)
    for short, head in HEADS.items():
        key, county = city.reviews[short], f"county-{head.removeprefix('head-')}"
        figures = Figures({"posts": "30"}, {})
        evidence.supply_by_code(city.as_("hrss"), city.codes[short], 2025, ("small", "1"), figures)
        verification.pass_(city.as_(county), key, verification.Verdicts())
        verification.accept(city.as_("bureau-verifier"), key, verification.Verdicts())
    round_id = city.session.get_one(Review, city.reviews["one-a"]).round_id
    for event in (RoundEvent.VERIFY, RoundEvent.SCORE):
        rounds.move(city.as_("secretary"), round_id, event, reason="示例：提前")
    go_on = {city.reviews[short]: "示例：专家不足" for short in HEADS}
    secretary, run = city.as_("secretary"), partial(scoring.run, round_id=round_id, go_on=go_on)
    city.session.commit()

    assert sorted(at_once(engine, (secretary, run), (secretary, run))) == ["done", "nothing-to-score"]

    made = city.session.scalar(sa.select(sa.func.count()).select_from(ScoreRun))
    sheets = city.session.scalar(sa.select(sa.func.count()).select_from(ScoreSheet))
    assert (made, sheets) == (1, 3)


def test_two_that_act_on_what_is_due_at_once_do_each_act_once(city: City, engine: sa.Engine) -> None:
    hand_in(city)
    city.wait(40)
    round_id = city.session.get_one(Review, city.reviews["one-a"]).round_id
    act = partial(overdue.act_on_due, round_id=round_id)
    due = partial(jobs.act, wanted=next(one for one in jobs.due(city.clock()) if one.task == jobs.Task.ACT_ON_DUE))
    both = (city.clock(), act), (city.as_("secretary"), act), (city.clock(), due), (city.clock(), due)
    city.session.commit()

    assert at_once(engine, *both) == ["done"] * 4

    acted = {kind: kinds(city.session, f"review.{kind}") for kind in ("escalate", "default", "take_over")}
    once = sa.select(sa.func.count()).select_from(Escalation)
    assert (acted["escalate"], acted["default"], acted["take_over"]) == (city.session.scalar(once), 0, 0)
    assert acted["escalate"] == len(HEADS)


def test_a_preview_and_a_publicity_happen_once(session: Session, engine: sa.Engine) -> None:
    s = decide(make_scored(session, {"one-a": "red", "two-a": "green"}))
    keys = list(s.reviews.values())
    preview = partial(previews.preview, round_id=s.round_id, reviews=keys)
    both = (s.as_("secretary"), preview), (s.as_("secretary-2"), preview)
    session.commit()
    assert sorted(at_once(engine, *both)) == ["done", "step-not-open"]

    s.city.wait(17)
    made = publications.draft(s.as_("secretary"), s.round_id)
    publications.approve(s.as_("bureau-approver"), made.id, made.digest)
    open_ = partial(publications.open_publicity, publication_id=made.id)
    to_open = (s.as_("secretary"), open_), (s.as_("secretary-2"), open_)
    session.commit()

    assert sorted(at_once(engine, *to_open)) == ["done", "step-not-open"]
    assert kinds(session, "review.publicise") == 2


def test_a_rating_confirmed_twice_at_once_is_in_force_once(session: Session, engine: sa.Engine) -> None:
    s, number = make_publicised(session, {"one-a": "red", "two-a": "green"})
    s.city.wait(30)
    publications.close(s.as_("secretary"), number)
    confirm = partial(ratings.confirm, publication_id=number, document_number="示例〔2026〕1号")
    both = (s.as_("bureau-approver"), confirm), (s.as_("approver-2"), confirm)
    session.commit()

    assert at_once(engine, *both) == ["done", "done"]  # the second finds it done and changes nothing

    current = sa.select(sa.func.count()).select_from(RatingInForce).where(RatingInForce.known_to.is_(None))
    assert session.scalar(current) == 2
    assert kinds(session, "review.confirm") == 2
