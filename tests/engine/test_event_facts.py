"""The facts of each kind of event are said, and nothing else is among them."""

from jsonschema import Draft202012Validator

from specialty_eval.engine.event_facts import TOLD, facts_schema
from specialty_eval.engine.event_kinds import KINDS
from specialty_eval.engine.event_schema import event_schema


def test_facts_are_of_kinds_that_there_are() -> None:
    assert TOLD <= KINDS


def test_every_kind_is_closed_also_one_without_facts() -> None:
    for kind in KINDS:
        schema = event_schema()["$defs"][kind]["properties"]["data"]["properties"]["facts"]
        assert (schema["additionalProperties"], list(Draft202012Validator(schema).iter_errors({"x": 1})) != []) == (
            False, True,
        ), kind  # fmt: skip


def test_what_may_be_missing_may_and_the_rest_has_its_type() -> None:
    schema = Draft202012Validator(facts_schema("list.supersede"))
    assert [list(schema.iter_errors(told)) for told in ({}, {"by": 2}, {"year": None, "number": 1})] == [[], [], []]
    wrong = Draft202012Validator(facts_schema("review.extend"))
    assert list(wrong.iter_errors({"until": "2026-03-31"})) == []
    assert all(list(wrong.iter_errors(told)) for told in ({}, {"until": "31.3.2026"}, {"until": 1}))
