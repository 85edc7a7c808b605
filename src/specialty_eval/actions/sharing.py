"""What a sharing out of experts rests on: read anew whenever it is proposed, and once more before it is carried out."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from specialty_eval.engine import panel, review
from specialty_eval.engine.allotting import Lacking, Lent, Question, Wanting, fits_field
from specialty_eval.engine.assignment import AssignmentState
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.roles import Role
from specialty_eval.store import allotment_queries, cycles, in_office, scopes, scoring_queries, site_visit_queries
from specialty_eval.store.allotment_queries import AskedBefore, Pooled

from .context import Context


@dataclass(frozen=True, slots=True)
class Terms:
    """Of which round, and what is asked for."""

    round_id: int
    per_review: int
    at_most: int
    without: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class World:
    """What was read for a question, and the question."""

    question: Question
    asked: dict[tuple[int, int], AskedBefore]
    leaving: frozenset[tuple[int, int]]
    """Who is going and cannot stay: named in `without`, no expert any more, or too near as is known now."""
    policy: Policy


def world(ctx: Context, terms: Terms, acting: int | None) -> World:
    """The question as it is now; locked is whatever it rests on, where it is to be acted on."""
    session, number = ctx.session, terms.round_id
    bound = cycles.round_of(session, number)
    scored = allotment_queries.to_score(session, number, [s.value for s in review.SCORES_FROM], acting=acting)
    of_round = {s.id for s in scored}
    asked = {(row.review_id, row.person_id): row for row in allotment_queries.asked_in(session, number)}
    pool = {p.person_id: p for p in allotment_queries.pool(session, bound.city, ctx.today)}
    going = {pair for pair, row in asked.items() if pair[0] in of_round and _is_going(ctx, row)}
    people = {*pool, *(person for _, person in going)}
    near = scopes.recused_pairs(session, people, of_round) | site_visit_queries.know_what_is_blind(session, number)
    holding = in_office.at_bureau(session, Role.EXPERT, bound.city, ctx.today)
    leaving = frozenset(p for p in going if p in near or p[1] in terms.without or p[1] not in holding)
    open_to = [p for key, p in sorted(pool.items()) if key not in terms.without]
    stays = frozenset(pair for pair in going - leaving if pair[1] in pool)
    fits = {
        s.id: frozenset(p.person_id for p in open_to if (s.id, p.person_id) in stays or (
            (s.id, p.person_id) not in near and (s.id, p.person_id) not in asked
            and fits_field(p.fields, s.catalogue_code, s.class_code)))
        for s in scored
    }  # fmt: skip
    policy = cycles.policy_of(session, bound.policy_id)
    wanting = _wanting(ctx, policy, terms.per_review, scored, asked.values(), going - leaving - stays, stays)
    lent = _lent(terms.at_most, open_to, asked.values(), stays)
    return World(Question(wanting, lent, fits, stays, f"round {number}"), asked, leaving, policy)


_ASKED = (AssignmentState.INVITED, AssignmentState.ACCEPTED)


def _is_going(ctx: Context, row: AskedBefore) -> bool:
    return row.state in _ASKED and row.due > ctx.now


def _lent(
    at_most: int, people: Sequence[Pooled], asked: Iterable[AskedBefore], stays: Collection[tuple[int, int]]
) -> tuple[Lent, ...]:
    """What is left to each of their limit; what they are going to score already is never above it."""
    done = Counter(row.person_id for row in asked if row.state == AssignmentState.SCORED)
    going = Counter(person for _, person in stays)
    limits = {p.person_id: at_most if p.at_most is None else min(at_most, p.at_most) for p in people}
    return tuple(Lent(p, max(limit - done[p], going[p]), done[p]) for p, limit in limits.items())


def _wanting(
    ctx: Context, policy: Policy, per_review: int, scored: Sequence[allotment_queries.Scored],
    asked: Iterable[AskedBefore], others: Collection[tuple[int, int]], stays: Collection[tuple[int, int]],
) -> tuple[Wanting, ...]:  # fmt: skip
    """The places of each review: as many as asked for, one more where the experts lie too far apart, without those who
    have scored or are going and of no pool; nobody's place is taken because fewer are wanted now.
    """
    given = scoring_queries.panel_scores(ctx.session, [s.id for s in scored])
    taken = Counter(row.review_id for row in asked if row.state == AssignmentState.SCORED)
    taken.update(review_id for review_id, _ in others)
    stay = Counter(review_id for review_id, _ in stays)
    return tuple(
        Wanting(s.id, s.code, s.class_code,
                max(per_review + bool(panel.alerts(policy, given.get(s.id, {}))) - taken[s.id], stay[s.id]))
        for s in scored
    )  # fmt: skip


def of_one(now: World, review_id: int) -> Question:
    """The question of one review alone: whoever has the fewest reviews in the round comes first."""
    going = Counter(person for review, person in now.question.going if review != review_id)
    lent = tuple(
        Lent(x.person, max(0, x.at_most - going[x.person]), x.scored + going[x.person]) for x in now.question.lent
    )
    wanting = tuple(w for w in now.question.wanting if w.review == review_id)
    stays = frozenset(pair for pair in now.question.going if pair[0] == review_id)
    return replace(now.question, wanting=wanting, lent=lent, going=stays)


def problems_of(lacking: Iterable[Lacking]) -> list[Problem]:
    """Why places stay empty, in words: people are lacking, a limit is too low, or both."""
    found = []
    for one in lacking:
        facts: dict[str, Any] = {
            "fields": list(one.fields), "codes": list(one.codes), "specialties": len(one.codes), "places": one.places,
            "experts": one.experts,
        }  # fmt: skip
        if one.too_few:
            found.append(Problem("experts-lacking", "allotment", {**facts, "short": one.too_few}))
        if one.limit_needed is not None:
            limits = {"short": one.short - one.too_few, "limit": one.limit_needed, "people": list(one.at_limit)}
            found.append(Problem("expert-limit-too-low", "allotment", {**facts, **limits}))
    return found
