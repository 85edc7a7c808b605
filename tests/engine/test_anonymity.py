"""By what a school is known, and what counts as naming it."""

from specialty_eval.engine.anonymity import Checked, Find, Looked, Unread, finds, names_of


def test_a_school_is_known_by_its_name_without_areas_short_forms_codes_and_heads() -> None:
    school = "示例市城东区示范第一职业中等专业学校"

    names = names_of(school, ["3637000001"], ["示例市", "城东区"], ["王示例"], ["城东一职"])

    assert {
        "示例市城东区示范第一职业中等专业学校", "城东区示范第一职业中等专业学校", "示范第一职业中等专业学校",
        "示范第一", "示范第一职校", "示范第一中专", "3637000001", "王示例", "城东一职",
    } <= set(names)  # fmt: skip


def test_nothing_as_short_as_a_letter_is_looked_for() -> None:
    assert names_of("示例学校", [""], [], ["王", " "]) == names_of("示例学校")


def test_spaces_width_case_and_marks_hide_no_name_and_a_whole_name_covers_its_parts() -> None:
    names = names_of("示例第一职业学校", ["ab12"])

    assert finds("x", "本校（示 例·第一\n职业学校）", names) == [Find("x", "示例第一职业学校", "本校示例第一职业学校")]
    assert finds("x", "编号ＡＢ１２", names) == [Find("x", "ab12", "编号ab12")]
    assert finds("x", "别的学校", names) == []


def test_a_find_is_worse_than_something_unread_and_that_is_worse_than_nothing() -> None:
    find, unread = Find("x", "y", ""), Unread("x", "format")

    assert [Looked((find,), (unread,)).says, Looked((), (unread,)).says, Looked().says] == [
        Checked.FOUND, Checked.UNCHECKED, Checked.CLEAR,
    ]  # fmt: skip
