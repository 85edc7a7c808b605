"""A small policy as text, and what loading a changed one says."""

from specialty_eval.engine import Problem, Refusal, load_policy

SMALL = """\
schema: specialty-eval/policy/1
id: sample
version: "2026.1"
attributes:
  level: {type: text}
  years_open: {type: integer}
measures:
  graduates: {type: integer, min: 0}
  employed: {type: integer, min: 0}
  share: {type: decimal, decimals: 2}
  accident: {type: boolean}
  award: {type: choice, options: [none, city, nation]}
checks:
  - {code: too-many, when: {measure: employed, above: {measure: graduates}}, message: {zh: 就业人数不能多于毕业生数}}
dimensions: [{code: outcomes}]
indicators:
  - {code: rate, dimension: outcomes, value: {ratio: {of: employed, to: graduates, times: 100}}, points: {linear: [[60, 0], [95, 100]]}, weight: 100}
rating:
  rules:
    - {rate: green, code: high, when: {total: {at_least: 80}}}
    - {rate: red, code: low}
"""  # noqa: E501 -- as a policy is written


def changed(*changes: tuple[str, str], text: str = SMALL) -> str:
    """The text with each of these once replaced."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def problems(text: str | bytes) -> list[Problem]:
    """What loading it says, in the order of the lines."""
    try:
        load_policy(text)
    except Refusal as refusal:
        return list(refusal.problems)
    return []


def said(text: str | bytes) -> list[tuple[str, str]]:
    """Code and path of every problem."""
    return [(problem.code, problem.where) for problem in problems(text)]


def with_indicator(entry: str) -> str:
    """The small policy with one more indicator, without weight."""
    return changed(("rating:\n", f"  - {{code: extra, {entry}}}\nrating:\n"))


def with_cap(when: str) -> str:
    """The small policy with a cap."""
    return f"{SMALL}  caps: [{{code: cap, at_most: red, when: {when}}}]\n"
