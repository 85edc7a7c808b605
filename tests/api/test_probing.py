"""Whatever schemathesis finds to ask is answered as described, and nothing is a fault: every operation once."""

from collections.abc import Iterator

import pytest

from probing import Probed, probed


@pytest.fixture(scope="module")
def served(server_url: str, template: str) -> Iterator[Probed]:
    from conftest import copied  # noqa: PLC0415 -- the fixtures' own way to a database

    with copied(server_url, template) as url, probed(url) as made:
        yield made


@pytest.mark.parametrize(("who", "which"), [("public", "--include-method"), ("secretary", "--exclude-method")])
def test_no_fault_and_no_answer_that_the_description_does_not_name(served: Probed, who: str, which: str) -> None:
    code, said = served.run(who, phases="fuzzing", examples=1, also=(which, "GET"))

    assert code == 0, said
