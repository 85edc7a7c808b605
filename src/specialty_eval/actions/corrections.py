"""Figures that a case found wrong (an appeal, an objection): read, checked with the others, and put on record."""

from collections.abc import Mapping

from specialty_eval.engine import sheet
from specialty_eval.engine.errors import Invalid, Problem
from specialty_eval.store import attributes, cycles, review_queries
from specialty_eval.store.review_queries import NewFigure
from specialty_eval.store.reviews import Review

from .context import Context


def record(
    ctx: Context, subject: Review, corrections: Mapping[str, str], source: str, *, scored_anew: bool
) -> list[str]:
    """Put what was set right (measure → value) on record, as its supplier's, with its source; the measures.

    Invalid with every one that cannot be: unknown, unreadable, an expert's or the registry's own, at odds with the
    other figures by a check of the policy, or of a review that is not scored anew.
    """
    r = cycles.round_of(ctx.session, subject.round_id)
    policy = cycles.policy_of(ctx.session, r.policy_id)
    known = {m: v for m, v in corrections.items() if m in policy.measures}
    problems = [Problem("measure-unknown", f"corrections.{m}", {"measure": m})
                for m in corrections if m not in known]  # fmt: skip
    problems += [Problem("measure-not-corrected", f"corrections.{m}", {"measure": m})
                 for m in known if policy.measures[m].supplier in {"panel", "computed"}]  # fmt: skip
    if corrections and not scored_anew:
        problems.append(Problem("corrections-are-scored-anew", "corrections"))
    problems += sheet.read_values(policy, known)[1]
    if corrections and not problems:
        year = attributes.figures(ctx.session, [subject.specialty_id], range(r.evidence_year, r.evidence_year + 1))
        typed, _ = sheet.read_values(policy, year.get((subject.specialty_id, r.evidence_year), {}) | known)
        site = attributes.site(ctx.session, subject.specialty_id)
        known_of_it = site.attributes(r.reference_date, defaulted=subject.was_defaulted)
        problems += sheet.failing_checks(policy, typed, known_of_it)
    if problems:
        raise Invalid(*problems)
    new = [NewFigure(subject.specialty_id, r.evidence_year, m, value.strip(), policy.measures[m].supplier, source,
                     subject.id)
           for m, value in known.items()]  # fmt: skip
    review_queries.record_figures(ctx.session, new, ctx.now, ctx.person_id)
    return sorted(known)
