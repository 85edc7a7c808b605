"""One specialty's own figures, field by field: read, checked across fields, and what a return opens again."""

from collections.abc import Iterable, Mapping

from .conditions import measures_in
from .errors import Invalid, Problem
from .evidence import Row, Value, check_holds, parse_value
from .forms import Change, Difference, Plain, Ratio, ValueForm
from .policy import Missing, Policy


def read_values(policy: Policy, written: Mapping[str, str]) -> tuple[dict[str, Value], list[Problem]]:
    """Measure → typed value for those that are right, and every problem of the others (`measures.<code>`)."""
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for code, text in written.items():
        measure = policy.measures.get(code)
        if measure is None:
            problems.append(Problem("measure-unknown", f"measures.{code}", {"measure": code}))
            continue
        try:
            values[code] = parse_value(measure, text)
        except Invalid as refused:
            problems.extend(Problem(p.code, f"measures.{code}", p.facts) for p in refused.problems)
    return values, problems


def measures_of(form: ValueForm) -> frozenset[str]:
    """The measures a value is made of."""
    match form:
        case Plain(code):
            return frozenset({code})
        case Ratio(of, to):
            return frozenset({*of, *to})
        case Difference(plus, minus):
            return frozenset({plus, minus})
        case Change(now, before):
            return frozenset({now, before})


def opened_by_return(policy: Policy, returned: Iterable[str]) -> frozenset[str]:
    """The measures a return opens: those named, and those that share a check with one of them."""
    named = frozenset(returned)
    return named.union(*(found for check in policy.checks if (found := frozenset(measures_in(check.when))) & named))


def blocking(policy: Policy, supplier: str | None = None) -> set[str]:
    """The measures that a `missing: block` indicator needs, of one supplier or of all."""
    used = {code for i in policy.indicators if i.missing == Missing.BLOCK for code in measures_of(i.value)}
    return {code for code in used if supplier is None or policy.measures[code].supplier == supplier}


def contradictions(
    policy: Policy, on_record: Mapping[str, str], new: Mapping[str, str], attributes: Mapping[str, Value]
) -> list[Problem]:
    """The checks about any of the new values that hold on them together with what is on record of that year."""
    known = {code: text for code, text in on_record.items() if code in policy.measures}
    typed, _ = read_values(policy, known | {code: text.strip() for code, text in new.items()})
    about = {check.code for check in policy.checks if set(measures_in(check.when)) & set(new)}
    return [p for p in failing_checks(policy, typed, attributes) if p.facts["check"] in about]


def failing_checks(policy: Policy, values: Mapping[str, Value], attributes: Mapping[str, Value]) -> list[Problem]:
    """The policy's cross-field checks that hold on one specialty's values, each in the policy's own words."""
    row = Row("", None, attributes, values)
    return [
        Problem("check-failed", f"checks.{check.code}", {"check": check.code, "zh": "", "en": "", **check.message})
        for check in policy.checks
        if check_holds(check.when, row)
    ]
