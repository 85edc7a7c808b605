"""What of YAML a policy may use, and that hostile text is refused before it costs anything."""

import pytest

from engine.policy_texts import SMALL, changed, problems, said
from specialty_eval.engine import TooLarge, load_policy
from specialty_eval.engine.policy_yaml import MOST_BYTES


def test_aliases_that_would_expand_without_end_are_refused_unexpanded() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    assert {problem.code for problem in problems("\n".join(lines))} >= {"yaml-anchor", "yaml-alias"}


def test_an_alias_is_named_where_it_stands() -> None:
    text = changed(("rate: green", "rate: &colour green"), ("rate: red", "rate: *colour"))
    assert said(text) == [("yaml-anchor", "rating.rules[0].rate"), ("yaml-alias", "rating.rules[1].rate")]


def test_a_tag_is_refused() -> None:
    assert said(changed(("id: sample", "id: !!str sample"))) == [("yaml-tag", "id")]


def test_a_duplicate_key_is_named_with_the_line_of_the_first() -> None:
    (problem,) = problems(SMALL + "id: other\n")
    assert (problem.code, problem.where) == ("duplicate-key", "id")
    assert (problem.facts["first_line"], problem.facts["line"]) == (2, SMALL.count("\n") + 1)


def test_a_second_document_is_refused() -> None:
    assert said(f"{SMALL}---\nid: other\n") == [("several-documents", "")]


def test_an_older_yaml_is_refused() -> None:
    assert said(f"%YAML 1.1\n---\n{SMALL}") == [("yaml-directive", "")]


@pytest.mark.parametrize("key", ["1", "1.5", "true", "null", "[a]", "{a: b}"])
def test_a_key_must_be_text(key: str) -> None:
    assert ("key-not-text", "measures") in said(
        changed(("  accident:", f"  ? {key}\n  : {{type: boolean}}\n  accident:"))
    )


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("id: [a", "yaml-syntax", 1, 7),
        ("id: a: b", "yaml-syntax", 1, 6),
        ("id: a\n\tversion: b", "yaml-tab", 2, 1),
        ("id: a\nversion: 'x\x07'", "yaml-character", 2, 12),
    ],
)
def test_text_that_is_no_yaml_is_shown_with_line_and_column(text: str, code: str, line: int, column: int) -> None:
    (problem,) = problems(text)
    assert (problem.code, problem.facts["line"], problem.facts["column"]) == (code, line, column)


def test_an_escape_that_is_no_character_is_a_problem() -> None:
    assert said('id: "\\UFFFFFFFF"') == [("yaml-syntax", "")]


@pytest.mark.parametrize("escape", ["\\0", "\\ud800", "\\x1b", "\\e"])
def test_an_escape_for_what_no_database_keeps_is_a_problem(escape: str) -> None:
    assert said(f'{SMALL}title: {{zh: "a{escape}b"}}\n') == [("yaml-character", "title.zh")]


def test_broken_utf8_is_shown_with_its_line() -> None:
    (problem,) = problems(b"id: a\nversion: \xff\n")
    assert (problem.code, problem.facts["line"], problem.facts["value"]) == ("not-utf-8", 2, "0xff")


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null\n"])
def test_an_empty_document_says_so(text: str) -> None:
    assert said(text) == [("policy-empty", "")]


@pytest.mark.parametrize("text", ["just text", "[a, b]", "12"])
def test_a_document_must_be_a_mapping(text: str) -> None:
    assert said(text) == [("not-a-mapping", "")]


def test_a_text_beyond_the_limit_is_not_read() -> None:
    with pytest.raises(TooLarge) as refused:
        load_policy(b"x" * (MOST_BYTES + 1))
    assert [problem.code for problem in refused.value.problems] == ["policy-too-large"]


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_endless_nesting_is_refused(text: str) -> None:
    assert said(text) == [("policy-too-deep", "")]


def test_a_byte_order_mark_and_any_line_end_are_read() -> None:
    policy = load_policy(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert policy == load_policy(SMALL)


@pytest.mark.parametrize(
    "number", ["1e3", "+5", ".5", "5.", "0x1F", "0o17", ".inf", "-.inf", ".nan", "1_000", "１２", "NaN"]
)
def test_a_number_has_one_form(number: str) -> None:
    assert said(changed(("share: {type: decimal,", f"share: {{type: decimal, max: {number},"))) == [
        ("not-a-number", "measures.share.max")
    ]


@pytest.mark.parametrize("number", ["-12.50", "007", "0", "123456789012345678901234567890"])
def test_a_plain_number_is_read_as_it_is_written(number: str) -> None:
    assert said(changed(("share: {type: decimal,", f"share: {{type: decimal, max: {number},"))) == []


def test_a_number_of_more_than_a_hundred_digits_is_a_typing_error() -> None:
    for number, problems_found in (("9" * 100, 0), ("9" * 101, 1), ("9" * 5000, 1)):
        assert (
            len(said(changed(("share: {type: decimal,", f"share: {{type: decimal, max: {number},")))) == problems_found
        )


def test_a_quoted_number_is_text() -> None:
    assert said(changed(("weight: 100", 'weight: "100"'))) == [("not-a-number", "indicators[0].weight")]


@pytest.mark.parametrize("text", ["2026", "2026.1", "1e3", "0x1F", "true", "False", ".nan"])
def test_text_that_looks_like_something_else_must_be_quoted(text: str) -> None:
    (problem,) = problems(changed(('version: "2026.1"', f"version: {text}")))
    assert (problem.code, problem.where, problem.facts["expected"]) == ("text-not-quoted", "version", f'"{text}"')


@pytest.mark.parametrize("text", ["2026-01-01", "12:30", "1_000", "2026年"])
def test_what_only_older_yaml_takes_for_something_else_is_text(text: str) -> None:
    assert load_policy(changed(('version: "2026.1"', f"version: {text}"))).version == text


@pytest.mark.parametrize("word", ["yes", "no", "On", "OFF"])
def test_yes_for_a_code_must_be_quoted(word: str) -> None:
    assert said(changed(("id: sample", f"id: {word}"))) == [("text-not-quoted", "id")]
    assert said(changed(("code: high", f"code: {word}"))) == [("text-not-quoted", "rating.rules[0].code")]
    assert said(changed(("accident:", f"{word}:"))) == [("text-not-quoted", f"measures.{word}")]
    assert load_policy(changed(("code: high", f'code: "{word}"'))).rating.rules[0].code == word


@pytest.mark.parametrize("word", ["yes", "no", '"true"', "1", "是"])
def test_yes_is_no_truth(word: str) -> None:
    text = f"{SMALL}  caps: [{{code: cap, at_most: red, when: {{measure: accident, equals: {word}}}}}]\n"
    assert said(text) == [("not-true-or-false", "rating.caps[0].when.equals")]


def test_nothing_written_is_a_problem_of_its_own() -> None:
    assert said(changed(("id: sample", "id:"))) == [("empty-value", "id")]
    assert said(changed(("dimensions: [{code: outcomes}]", "dimensions:")))[0] == ("empty-value", "dimensions")
