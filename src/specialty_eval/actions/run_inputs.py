"""What goes into a score run: who is looked at, with figures and earlier ratings, as the files of `policy score`."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from specialty_eval.engine import panel, review
from specialty_eval.engine.commitments import SECRET_BYTES, digest_of, digest_within
from specialty_eval.engine.errors import NotNow, Problem
from specialty_eval.engine.frozen import Inputs, Rows, as_csv
from specialty_eval.engine.policy import Policy
from specialty_eval.engine.results_text import plain
from specialty_eval.engine.sources import years_looked_at
from specialty_eval.store import attributes, cycles, review_queries, scoring_queries, sheet_basis
from specialty_eval.store.attributes import Site
from specialty_eval.store.cycles import Cycle, RoundRow
from specialty_eval.store.review_queries import NewFigure
from specialty_eval.store.reviews import Review, ScoreRun, ScoreSheet
from specialty_eval.store.scoring_queries import InRound

from .context import Context

NOBODY_REPORTS = frozenset({"panel", "computed"})
"""Suppliers whose values are given by scoring and by counting: they are no evidence."""
AT_LEAST_YEARS = 10
"""Calendar years of figures that go into a run though its policy looks at fewer: another policy tried over the same
inputs finds the years that it looks at.
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """A round about to be scored: its policy, its city's specialties, their codes and the round's reviews."""

    round: RoundRow
    policy: Policy
    sites: Mapping[int, Site]
    codes: Mapping[int, str]
    reviews: Sequence[InRound]

    def of_state(self, *states: str) -> dict[int, int]:
        """Review → specialty, of those in these states."""
        return {r.review: r.specialty for r in self.reviews if r.state in states}

    def first_scored(self) -> dict[int, int]:
        """Review → specialty, of those verified that no run has scored yet by this policy; the others go back into
        their own.
        """
        return {r.review: r.specialty for r in self.reviews if r.state == review.State.VERIFIED and not r.has_run}

    def measured(self) -> dict[int, int]:
        """Review → specialty, of those that a run has scored: ranks and quotas look at them, also while they are
        corrected.
        """
        return self.of_state(*review.RATING_COMPUTED) | {
            r.review: r.specialty for r in self.reviews if r.state == review.State.VERIFIED and r.was_scored
        }


def frame_of(ctx: Context, round_id: int) -> Frame:
    """The round as it stands now."""
    r = cycles.round_of(ctx.session, round_id)
    made = ctx.session.get_one(Cycle, r.cycle_id)
    reviews = scoring_queries.by_state(ctx.session, round_id)
    sites = attributes.sites(ctx.session, r.city, levels=made.levels, school_kinds=made.school_kinds,
                             at=r.reference_date)  # fmt: skip
    for found in reviews:
        if found.specialty not in sites:
            sites[found.specialty] = attributes.site(ctx.session, found.specialty)
    return Frame(r, cycles.policy_of(ctx.session, r.policy_id), sites,
                 scoring_queries.codes_of(ctx.session, list(sites)), reviews)  # fmt: skip


def record_panel_and_computed(ctx: Context, frame: Frame, ready: Mapping[int, int]) -> None:
    """The panel's means of those to be scored, and the registry's own measures of all, become the year's figures."""
    year, policy = frame.round.evidence_year, frame.policy
    known = attributes.computed(frame.sites, attributes.figure(ctx.session, list(frame.sites), year, "graduates"))
    computed = [m.code for m in policy.measures.values() if m.supplier == "computed"]
    new = [NewFigure(site, year, m, known[site][m], "computed", f"registry at {frame.round.reference_date}")
           for site in frame.sites for m in computed if m in known[site]]  # fmt: skip
    review_queries.record_figures(ctx.session, [*new, *_panel_means(ctx, frame, ready)], ctx.now, ctx.person_id)


def _panel_means(ctx: Context, frame: Frame, ready: Mapping[int, int]) -> list[NewFigure]:
    policy, new = frame.policy, list[NewFigure]()
    scores = scoring_queries.panel_scores(ctx.session, list(ready))
    for key, specialty in ready.items():
        for m in policy.measures.values():
            if m.supplier == "panel":
                given = scores.get(key, {}).get(m.code, [])
                mean = panel.value(given, policy.panel_of(m), m.decimals, at_least=policy.workflow.experts_at_least)
                new.append(NewFigure(specialty, frame.round.evidence_year, m.code,
                                     "" if mean is None else str(plain(mean)), "panel",
                                     f"review {key}: {len(given)} scores"))  # fmt: skip
    return new


def inputs_of(ctx: Context, frame: Frame, rated: Mapping[int, int]) -> Inputs:
    """The two files: figures of all specialties in scope, ratings on record, and who is rated."""
    year = frame.round.evidence_year
    figures = attributes.figures(ctx.session, list(frame.sites), _years(frame))
    defaulted = {r.specialty for r in frame.reviews if r.was_defaulted}
    for specialty in rated.values():
        figures.setdefault((specialty, year), {})
    with_row = {site for site, y in figures if y == year}
    rows = (_row_of(frame, site, y, figures[site, y], defaulted) for site, y in sorted(figures) if site in with_row)
    columns = ["specialty", "year", *frame.policy.attributes, "defaulted", *frame.policy.measures]
    columns = list(dict.fromkeys(columns))
    return Inputs(
        policy=frame.policy.digest,
        evidence=as_csv(columns, rows),
        history=as_csv(["specialty", "year", "rating"], history_of(ctx, frame, sorted(with_row))),
        rated=tuple(sorted({frame.codes[s] for s in rated.values()})),
    )


def _years(frame: Frame) -> range:
    """The years whose figures go into the run: all that its policy looks at."""
    year, looked_at = frame.round.evidence_year, years_looked_at(frame.policy)
    first = 0 if looked_at is None else year - max(AT_LEAST_YEARS, looked_at) + 1
    return range(max(0, first), year + 1)


def history_of(ctx: Context, frame: Frame, sites: Sequence[int]) -> list[dict[str, str]]:
    """Lines of HISTORY.csv: the ratings on record now of the years before the scored one."""
    earlier = scoring_queries.earlier_ratings(ctx.session, sites, frame.round.evidence_year)
    return [{"specialty": frame.codes[site], "year": str(y), "rating": rating} for site, y, rating in earlier]


def _row_of(frame: Frame, site: int, year: int, figures: Mapping[str, str], defaulted: Iterable[int]) -> dict[str, str]:
    """One line of EVIDENCE.csv; attributes are those of the reference date, in the scored year's line."""
    row = {"specialty": frame.codes[site], "year": str(year)}
    if year == frame.round.evidence_year:
        known = frame.sites[site].attributes(frame.round.reference_date, defaulted=site in defaulted)
        row |= {c: str(known[c]) for c in (*frame.policy.attributes, "defaulted") if c in known}
    return row | {m: v for m, v in figures.items() if m in frame.policy.measures}


# --- scored again within its run ---


@dataclass(frozen=True, slots=True)
class Scored:
    """A review that goes back into its run: the newest sheet it stands on (its own, or that of the review it
    replaces), the run that made it, and the run of the whole round which that belongs to.
    """

    sheet: ScoreSheet
    run: ScoreRun
    within: ScoreRun


def scored_before(ctx: Context, row: Review) -> Scored:
    """Where a review was scored last. NotNow when no run scored it."""
    found = (
        sa.select(ScoreSheet, ScoreRun)
        .join(ScoreRun, ScoreSheet.run_id == ScoreRun.id)
        .where(ScoreSheet.review_id.in_([row.id, row.replaces_id or row.id]))
        .options(sa.orm.undefer(ScoreRun.inputs))
    )
    newest = ctx.session.execute(found.order_by(ScoreRun.number.desc())).first()
    if newest is None:
        raise NotNow(Problem("no-score-run", "score_run"))
    kept, made = newest
    whole = made
    if made.within_id is not None:
        whole = ctx.session.get_one(ScoreRun, made.within_id, options=[sa.orm.undefer(ScoreRun.inputs)])
    return Scored(kept, made, whole)


def named_in(ctx: Context, frame: Frame, inputs: Inputs, specialty: int) -> Frame:
    """The frame that names a specialty by the code which a run's inputs name it by: that of the run's day."""
    known = scoring_queries.every_code(ctx.session, [specialty])[specialty]
    code = next((code for code in inputs.rated if code in known), frame.codes[specialty])
    return replace(frame, codes={**frame.codes, specialty: code})


def corrected(ctx: Context, frame: Frame, row: Review, before: Scored) -> Rows:
    """A review's own lines as its newest run froze them; in the scored year's, what was set right since.

    That is: the figures a challenge, an objection or an appeal set right; where the offices accepted its evidence
    again, that whole evidence; the panel, where it was asked anew or a score was left out since. Nothing else that is
    on record by now.
    """
    year, code = frame.round.evidence_year, frame.codes[row.specialty_id]
    lines = Inputs.unpacked(before.run.inputs).lines_of(code)
    own = next(line for line in lines if line["year"] == str(year))
    new = _set_right(ctx, frame, row, before, own)
    new |= attributes.following(own, new) | {"defaulted": "true" if row.was_defaulted else "false"}
    return [{**line, **new} if line is own else line for line in lines]


def _set_right(
    ctx: Context, frame: Frame, row: Review, before: Scored, own: Mapping[str, str]
) -> dict[str, str]:  # fmt: skip
    key, year, policy = row.specialty_id, frame.round.evidence_year, frame.policy
    is_anew = scoring_queries.accepted_since_scored(ctx.session, row.id)
    if is_anew:
        known = attributes.figures(ctx.session, [key], range(year, year + 1)).get((key, year), {})
        reported = (m.code for m in policy.measures.values() if m.supplier not in NOBODY_REPORTS)
        new = {m: known.get(m, "") for m in reported}
    else:
        of = [row.id, *([] if row.replaces_id is None else [row.replaces_id])]
        new = {m: v for m, v in scoring_queries.corrections(ctx.session, key, year, of).items() if m in policy.measures}
    is_other_panel = before.sheet.review_id != row.id or sheet_basis.of_reviews(ctx.session, [row.id])[row.id].left_out
    asked_anew = is_anew or is_other_panel
    means = [m for m in _panel_means(ctx, frame, {row.id: key}) if asked_anew or not own[m.measure]]
    review_queries.record_figures(ctx.session, means, ctx.now, ctx.person_id)
    return new | {m.measure: m.value for m in means}


# --- the digest of what a run was computed from ---


@dataclass(frozen=True, slots=True)
class Sealed:
    """The digest of a run's inputs and the secret it is salted with (None: without one, as runs once were)."""

    digest: str
    secret: bytes | None


def sealed(inputs: Inputs) -> Sealed:
    """Under a new secret: schools and the public read the digest, and without it must not try out others' figures."""
    secret = secrets.token_bytes(SECRET_BYTES)
    return Sealed(digest_of(inputs, secret), secret)


def sealed_within(whole: ScoreRun, inputs: Inputs, code: str) -> Sealed:
    """Of a single run: over its round's run and its own lines. Within one without a secret, as that one has it."""
    if whole.secret is None:
        return Sealed(inputs.digest, None)
    own = sealed(inputs.own(code))
    return replace(own, digest=digest_within(whole.inputs_digest, own.digest))


def told_digest(made: ScoreRun) -> dict[str, str]:
    """A run's digest for others than the offices: not of one without a secret, from which figures could be guessed."""
    return {} if made.secret is None else {"inputs": made.inputs_digest}
