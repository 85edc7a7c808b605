"""Policy text → a frozen Policy, or every mistake in it at once, each with its path and line (docs/policy.md).

The sections are read in the order in which they may refer to each other; reading one is the `policy_*` modules' work.
"""

import hashlib
import json
import re
from decimal import Decimal

from .decimals import shortest
from .errors import Invalid, Problem
from .policy import Policy
from .policy_consequences import committee, enrolment, publication, workflow
from .policy_facts import attributes, checks, dimensions, measures, panel_rules
from .policy_indicators import check_weights, indicators
from .policy_lists import lists, opening
from .policy_names import Names
from .policy_rating import adjustments, rating_steps
from .policy_shape import Fields, Spot
from .policy_yaml import Listing, Lost, Mapping, Node, compose

SCHEMA = "specialty-eval/policy/1"

_REQUIRED = "schema id version measures rating"
_OPTIONAL = (
    "title jurisdiction source attributes checks dimensions indicators panel adjustments "
    "enrolment workflow committee publication lists opening"
)
_FOR_A_ROUND = ("title", "jurisdiction", "enrolment", "workflow", "committee")


def load_policy(text: str | bytes) -> Policy:
    """The policy that `text` says.

    Raises Invalid with every problem (`where` is the YAML path; facts: `line`, `value` as written, `expected`) and
    TooLarge for a text beyond 500 kB, unread.
    """
    root, problems = compose(text)
    top = Spot(root, "", problems)
    fields = top.fields(_REQUIRED, _OPTIONAL)
    policy = _policy(fields)
    if problems:
        raise Invalid(*sorted(problems, key=_line))
    return policy


def lacking_for_a_round(policy: Policy) -> tuple[str, ...]:
    """The sections a round that pins the policy needs and the policy leaves to the defaults or out."""
    written = json.loads(policy.canonical)
    return tuple(key for key in _FOR_A_ROUND if key not in written)


def canonical_json(node: Node) -> str:
    """Keys sorted, no spaces, numbers in their shortest exact form; itself a policy text with the same meaning."""
    match node:
        case Mapping():
            entries = sorted((key.text, value) for key, value in node.entries)
            return "{" + ",".join(f"{_json_text(key)}:{canonical_json(value)}" for key, value in entries) + "}"
        case Listing():
            return "[" + ",".join(canonical_json(item) for item in node.nodes) + "]"
        case Lost():
            return "null"
    if node.boolean is not None:
        return "true" if node.boolean else "false"
    if node.is_number:
        return shortest(Decimal(node.text))
    return _json_text(node.text)


def _json_text(text: str) -> str:
    # YAML folds these where JSON keeps them: escaped, the canonical text reads the same as either.
    escape = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
    return escape.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _line(problem: Problem) -> int:
    line = problem.facts.get("line")
    return line if isinstance(line, int) else 0


def _items(fields: Fields, key: str) -> list[Spot]:
    return fields.items(key, at_least=0)


def _policy(fields: Fields) -> Policy:
    """Each section once, in the order of reference: what a later one names, an earlier one has declared."""
    names = Names()
    if "schema" in fields:
        fields.found["schema"].one_of((SCHEMA,))
    found_attributes = attributes(fields.get("attributes"), names)
    found_measures = measures(fields.get("measures"), names)
    found_dimensions = dimensions(_items(fields, "dimensions"), names)
    spots = _items(fields, "indicators")
    found_indicators = indicators(spots, names)
    check_weights(fields.get("indicators"), found_indicators, spots)
    canonical = canonical_json(fields.spot.node)
    return Policy(
        id=fields.code("id"),
        version=fields.text("version"),
        title=fields.label("title"),
        jurisdiction=fields.text("jurisdiction"),
        source=fields.text("source"),
        attributes=found_attributes,
        measures=found_measures,
        checks=checks(_items(fields, "checks"), names),
        dimensions=found_dimensions,
        indicators=found_indicators,
        panel=panel_rules(fields.get("panel")),
        adjustments=adjustments(fields.get("adjustments"), names),
        rating=rating_steps(fields.get("rating"), names),
        enrolment=enrolment(fields.get("enrolment"), names),
        workflow=workflow(fields.get("workflow")),
        committee=committee(fields.get("committee")),
        publication=publication(fields.get("publication")),
        lists=lists(fields.get("lists"), names),
        opening=opening(_items(fields, "opening")),
        canonical=canonical,
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )
