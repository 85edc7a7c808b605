"""In which charset a file is: by any name that it goes by, whatever else its media type says."""

import pytest

from specialty_eval.actions.charsets import CSV, GB18030, UTF_8, XLSX, read_as


@pytest.mark.parametrize(
    ("said", "charset"),
    [
        ("", UTF_8), (";", UTF_8), ("; charset=", UTF_8), ("; header=present", UTF_8), ("; charset=utf8", UTF_8),
        ("; charset=UTF-8; header=present", UTF_8), ("; charset=utf-8-sig", UTF_8), ('; header="; charset=gbk"', UTF_8),
        ("; charset=gb2312", GB18030), ("; charset=cp936", GB18030), ('; header=absent; Charset="GB18030"', GB18030),
        (" ;charset=GBK ; header=present", GB18030), ("; charset*=utf-8''gbk", GB18030),
        ("; charset=latin-1", ""), ("; charset=utf-16", ""), ("; charset=gb", ""), ("; charset=国标", ""),
        ('; charset="a\0b"', ""), ("; charset=hex", ""), ("; charset*=idna''%ff", ""),
    ],
)  # fmt: skip
def test_a_charset_goes_by_each_of_its_names_and_what_is_none_by_none(said: str, charset: str) -> None:
    assert read_as(f"{CSV}{said}") == charset


def test_only_a_csv_has_a_charset() -> None:
    assert read_as(f"{XLSX}; charset=utf-8") == read_as("application/json") == ""
    assert read_as(f"Text/CSV ; charset={GB18030}") == GB18030
