"""A round scored by its own run, not by invented sheets: what can be computed again."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_deliberation import Sitting, seat
from remembered import remembered
from small_policy import POLICY
from specialty_eval.actions import evidence, panel, rounds, scoring, verification
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.cycle import RoundEvent
from specialty_eval.engine.policy import Policy
from specialty_eval.store import cycles
from specialty_eval.store.reviews import Review

PDF = b"%PDF-1.7 example"


def verified(city: City, key: int, short: str, *, employed: str = "90", graduates: str = "100") -> None:
    """A hundred graduates, so many employed, fifty posts: handed in, checked, accepted."""
    head = f"head-{short.partition('-')[0]}"
    policy = review_policy(city, key)
    evidence.supply(city.as_("hrss"), city.specialties[short], 2025, policy, Figures({"posts": "50"}, {}))
    evidence.save(city.as_(head), key, Figures({"graduates": graduates, "employed": employed}, {}), "", version=None)
    evidence.submit(city.as_(head), key)
    if short != "city-a":
        county = "county-one" if short.startswith("one") else "county-two"
        verification.pass_(city.as_(county), key, verification.Verdicts())
    verification.accept(city.as_("bureau-verifier"), key, verification.Verdicts())


def scored_by_experts(city: City, key: int, *scores: str) -> None:
    """An expert a score."""
    people = [city.people[f"expert-{n}"] for n in range(1, len(scores) + 1)]
    asked = panel.invite(city.as_("secretary"), key, people)
    for n, (row, score) in enumerate(zip(asked, scores, strict=True), 1):
        panel.answer(city.as_(f"expert-{n}"), row.id, AssignmentEvent.ACCEPT)
        panel.score(city.as_(f"expert-{n}"), row.id, {"quality": score})


def to_scoring(city: City, key: int) -> int:
    """The review's round, moved on to scoring."""
    round_id = city.session.get_one(Review, key).round_id
    rounds.move(city.as_("secretary"), round_id, RoundEvent.VERIFY, reason="全部提交")
    rounds.move(city.as_("secretary"), round_id, RoundEvent.SCORE, reason="全部审核")
    return round_id


def review_policy(city: City, key: int) -> Policy:
    """The policy that a review's round pins."""
    made = cycles.round_of(city.session, city.session.get_one(Review, key).round_id)
    return cycles.policy_of(city.session, made.policy_id)


@remembered
def make_computed(
    session: Session, employed: Mapping[str, str], *, policy: str = POLICY, graduates: Mapping[str, str] | None = None
) -> Sitting:
    """A round whose reviews (short name → employed, of `graduates` or 100) are scored by its run; the committee."""
    city = make_city(session)
    reviews = open_round(city, make_cycle(city, policy=policy))
    for short, number in employed.items():
        verified(city, reviews[short], short, employed=number, graduates=(graduates or {}).get(short, "100"))
    rated = {short: reviews[short] for short in employed}
    round_id = to_scoring(city, next(iter(rated.values())))
    scoring.run(city.as_("secretary"), round_id, go_on=dict.fromkeys(rated.values(), "无专家"))
    rounds.move(city.as_("secretary"), round_id, RoundEvent.DELIBERATE, reason="示例：提前进入下一阶段")
    city.wait(45)
    sitting = Sitting(city, round_id, rated)
    seat(sitting)
    return sitting
