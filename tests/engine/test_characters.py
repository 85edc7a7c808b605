"""What nobody sees is refused, and looking for it takes no longer than reading."""

import time

import pytest

from specialty_eval.engine.characters import is_fit


@pytest.mark.parametrize(
    ("text", "fits"),
    [("", True), (" \n", True), ("示例", True), ("示\u200b例", True), ("a\tb\nc", True), ("\u200b", False),
     (" \u3164\n", False), ("a\u0002", False), ("\u202egpj", False)],
)  # fmt: skip
def test_a_text_of_unseen_characters_alone_says_nothing(text: str, fits: bool) -> None:
    assert is_fit(text) is fits


@pytest.mark.parametrize("text", ["\u200b" * 1_000_000 + "x", " \u200b" * 500_000, "x" + "\u200b " * 500_000])
def test_the_longest_body_is_looked_through_at_once(text: str) -> None:
    begun = time.process_time()
    is_fit(text)
    assert time.process_time() - begun < 2  # quadratic, it would take minutes
