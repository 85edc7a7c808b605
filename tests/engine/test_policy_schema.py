"""The JSON Schema accepts what the loader accepts, and refuses the shapes that it refuses."""

import json
from pathlib import Path
from random import Random

import pytest
from jsonschema import Draft202012Validator

from engine.policy_texts import SMALL, problems
from oracle.random_policies import random_case
from specialty_eval.engine import load_policy, policy_schema

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "src/specialty_eval/policies").glob("*.yaml"))
SCHEMA = Draft202012Validator(policy_schema())


def refused(text: str) -> bool:
    """By the schema, of a text whose canonical form can't be had from the loader."""
    return not SCHEMA.is_valid(json.loads(text))


def test_the_file_in_the_repository_is_what_the_code_says() -> None:
    written = json.loads((ROOT / "api_schemas/policy-1.schema.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(policy_schema())), "run `make schemas`"


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(policy_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_policies_are_accepted(path: Path) -> None:
    assert SCHEMA.is_valid(json.loads(load_policy(path.read_bytes()).canonical))


@pytest.mark.parametrize("seed", range(20))
def test_random_policies_are_accepted(seed: int) -> None:
    assert SCHEMA.is_valid(json.loads(load_policy(random_case(Random(seed)).policy).canonical))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"id":"sample",', ""),
        ('"id":"sample"', '"id":"a b"'),
        ('"id":"sample"', '"id":"sample","colour":"red"'),
        ('"graduates":{"min":0,', '"graduates":{"min":"0",'),
        ('"weight":100', '"weight":0'),
        ('"rate":"green"', '"rate":"blue"'),
        ('"above":{"measure":"graduates"}', '"above":"graduates"'),
        ('"linear":[[60,0],[95,100]]', '"linear":[[60,0],[95,101]]'),
        ('{"at_least":80}', "{}"),
    ],
)
def test_what_the_loader_refuses_for_its_shape_the_schema_refuses_too(old: str, new: str) -> None:
    canonical = load_policy(SMALL).canonical
    assert canonical.count(old) == 1
    spoilt = canonical.replace(old, new)
    assert problems(spoilt) != []
    assert refused(spoilt)


def test_the_small_policy_is_accepted() -> None:
    assert not refused(load_policy(SMALL).canonical)
