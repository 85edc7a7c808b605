"""Every call of the API is told in Chinese too: `locale/routes.toml` and the document name the same calls."""

from functools import cache
from pathlib import Path
from typing import Any

from specialty_eval.app import create_app
from specialty_eval.web.words import table


@cache
def described() -> dict[str, Any]:
    """The paths of the document."""
    paths: dict[str, Any] = create_app("postgresql+psycopg://nowhere/none", Path(".")).openapi()["paths"]
    return paths


def test_every_call_and_no_other_has_a_line_in_chinese() -> None:
    paths = described()
    calls = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}

    told = set(table("routes"))
    assert calls - told == set(), 'add a line to src/specialty_eval/locale/routes.toml: "METHOD /path" = "说明"'
    assert told - calls == set(), "these lines of src/specialty_eval/locale/routes.toml name no call any more"


def test_every_group_of_calls_has_a_name_in_both_languages() -> None:
    paths = described()
    tags = {said["tags"][0] for methods in paths.values() for said in methods.values()}

    assert tags - set(table("pages")["tag"]) == set(), "add it to [tag] of src/specialty_eval/locale/pages.toml"
