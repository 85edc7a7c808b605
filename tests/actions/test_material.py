"""A blind round: the experts do not learn whose material they score, and what names the school is held back."""

import io

import docx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from factories import City, make_city, make_cycle, open_round
from factories_deliberation import refused
from factories_experts import add_expert, round_of
from remembered import remembered, remembered_fixture
from small_policy import POLICY
from specialty_eval.actions import attachments, evidence, jobs, material, panel, views
from specialty_eval.actions.evidence import Figures
from specialty_eval.engine.assignment import AssignmentEvent
from specialty_eval.engine.errors import Invalid, NotFound, NotNow, NotYou
from specialty_eval.store.accounts import Person
from specialty_eval.store.material import MaterialCheck
from specialty_eval.store.reviews import Attachment, Review

PDF = b"%PDF-1.7 example"
"""No page can be read of it."""


def word(text: str) -> bytes:
    made, held = docx.Document(), io.BytesIO()
    made.add_paragraph(text)
    made.save(held)
    return held.getvalue()


def hand_in(city: City, words: str, **files: bytes) -> int:
    """The second school hands in these words and files; an expert has accepted to score them in a blind round."""
    key = city.reviews["two-a"]
    head = city.as_("head-two")
    figures = Figures({"graduates": "100", "employed": "90"}, {"graduates": words})
    evidence.save(head, key, figures, words, version=None)
    for name, content in files.items():
        attachments.attach(head, key, "graduates", name, content)
    evidence.submit(head, key)
    material.set_blind(city.as_("secretary"), round_of(city), True, "示例：盲评")
    asked = panel.invite(city.as_("secretary"), key, [city.people["expert-1"]])
    panel.answer(city.as_("expert-1"), asked[0].id, AssignmentEvent.ACCEPT)
    return key


@remembered
def collecting(session: Session) -> City:
    city = make_city(session)
    city.reviews |= open_round(city, make_cycle(city, policy=POLICY))
    add_expert(city, "expert-1", "*")
    return city


@remembered_fixture
def city(session: Session) -> City:
    return collecting(session)


def seen(city: City, key: int, who: str = "expert-1") -> dict[str, object]:
    found: dict[str, object] = views.review_view(city.as_(who), city.session.get_one(Review, key))
    return found


def file_of(city: City, name: str) -> int:
    return city.session.scalars(sa.select(Attachment.id).where(Attachment.name == name)).one()


def check(city: City, key: int, *also: str) -> dict[str, tuple[str | None, bool]]:
    return {one.name: (one.says, one.open) for one in material.check(city.as_("secretary"), key, also)}


def test_a_blind_expert_learns_neither_school_nor_code_and_sees_nothing_before_it_is_looked_through(city: City) -> None:
    key = hand_in(city, "实训条件良好", 材料=word("实训条件良好"))

    found = seen(city, key)

    assert (found["blind"], found["code"], found["school"], found["county"]) == (True, "", "", "")
    assert (found["attachments"], found["held_back"], found["returned_fields"]) == ([], 1, {})
    words = found["evidence"]
    assert isinstance(words, dict)
    assert (words["self_evaluation"], words["figures"]["graduates"]) == ("", {"value": "100", "source": ""})
    assert refused(NotNow, lambda: attachments.read(city.as_("expert-1"), key, file_of(city, "材料"))) == [
        ("material-held-back", "attachments")
    ]
    open_to_all = seen(city, key, "secretary")
    assert (open_to_all["blind"], open_to_all["code"], open_to_all["held_back"]) == (False, city.codes["two-a"], 0)


def test_what_names_nobody_is_open_and_what_does_is_held_find_by_find(city: City) -> None:
    city.session.execute(sa.update(Person).where(Person.id == city.people["head-two"]).values(name="王示范"))
    key = hand_in(city, "我校由王示范校长负责", 清白=word("实训条件良好"), 点名=word("示例职业学校two 3637000002"))

    # Nobody can read the preview picture in Word's own template.
    assert check(city, key) == {"": ("found", False), "清白": ("unchecked", False), "点名": ("found", False)}

    held = {one.name: one for one in material.listing(city.as_("auditor"), key)}
    assert [find[:2] for find in held[""].finds] == [["self_evaluation", "王示范"], ["graduates.source", "王示范"]]
    assert [find[:2] for find in held["点名"].finds] == [
        ["点名 > word/document.xml", "3637000002"], ["点名 > word/document.xml", "示例职业学校two"],
    ]  # fmt: skip
    assert [part[1] for part in held["清白"].unread] == ["picture"]
    assert (seen(city, key)["attachments"], seen(city, key)["held_back"]) == ([], 2)


def test_somebody_releases_what_is_held_under_their_name_with_a_reason_once(city: City) -> None:
    key = hand_in(city, "实训条件良好", 不明=PDF)
    secretary, number = city.as_("secretary"), file_of(city, "不明")
    assert refused(NotNow, lambda: material.release(secretary, key, number, "示例：看过")) == [
        ("material-not-held", "material")
    ]
    check(city, key)
    assert refused(Invalid, lambda: material.release(secretary, key, number, " ")) == [("reason-missing", "reason")]

    [_, released] = material.release(secretary, key, number, "示例：人工看过，无校名")

    assert (released.says, released.open, released.released_by) == ("unchecked", True, city.people["secretary"])
    assert attachments.read(city.as_("expert-1"), key, number)[1] == PDF
    assert seen(city, key)["held_back"] == 0
    assert refused(NotNow, lambda: material.release(secretary, key, number, "再一次")) == [
        ("material-not-held", "material")
    ]
    for who, error in (("auditor", NotYou), ("bureau-verifier", NotFound), ("head-two", NotFound)):
        with pytest.raises(error):
            material.release(city.as_(who), key, number, "示例")


def test_another_name_to_look_for_holds_back_what_was_open_or_released(city: City) -> None:
    key = hand_in(city, "人称河东一职", 不明=PDF)
    assert check(city, key)[""] == ("clear", True)
    material.release(city.as_("secretary"), key, file_of(city, "不明"), "示例：看过")

    again = check(city, key, "河东一职")

    assert again == {"": ("found", False), "不明": ("unchecked", False)}
    assert city.session.scalar(sa.select(sa.func.count()).select_from(MaterialCheck)) == 4


def test_a_new_head_of_the_school_is_looked_for_too(city: City) -> None:
    key = hand_in(city, "实训条件良好")
    assert check(city, key)[""] == ("clear", True)
    city.session.execute(sa.update(Person).where(Person.id == city.people["head-two"]).values(name="李示范"))

    evidence_now = seen(city, key)["evidence"]

    assert isinstance(evidence_now, dict)
    assert evidence_now["self_evaluation"] == ""
    assert check(city, key)[""] == ("clear", True)


def test_the_worker_looks_through_what_nobody_has_and_rests_then(city: City) -> None:
    key = hand_in(city, "实训条件良好", 不明=PDF)
    clock = city.clock()
    [due] = [one for one in jobs.due(clock) if one.task == jobs.Task.CHECK_MATERIAL]
    assert due.subject == str(key)

    assert jobs.act(clock, due)

    assert [one.says for one in material.listing(city.as_("secretary"), key)] == ["clear", "unchecked"]
    assert [one for one in jobs.due(clock) if one.task == jobs.Task.CHECK_MATERIAL] == []


def test_whether_a_round_is_blind_is_said_before_any_expert_is_asked(city: City) -> None:
    key = hand_in(city, "实训条件良好")
    secretary, number = city.as_("secretary"), round_of(city)

    assert refused(NotNow, lambda: material.set_blind(secretary, number, False, "示例")) == [
        ("experts-know-already", "round")
    ]
    with pytest.raises(NotYou):
        material.set_blind(city.as_("bureau-verifier"), number, False, "示例")
    assert seen(city, key)["blind"] is True


def test_before_accepting_an_expert_sees_the_title_alone_also_where_nothing_is_blind(city: City) -> None:
    key, head = city.reviews["two-a"], city.as_("head-two")
    evidence.save(head, key, Figures({"graduates": "100", "employed": "90"}, {}), "自评", version=None)
    attachments.attach(head, key, "graduates", "材料", PDF)
    evidence.submit(head, key)
    asked = panel.invite(city.as_("secretary"), key, [city.people["expert-1"]])

    found = seen(city, key)

    assert (found["code"], found["evidence"], found["attachments"]) == (city.codes["two-a"], None, [])
    assert refused(NotNow, lambda: attachments.read(city.as_("expert-1"), key, file_of(city, "材料"))) == [
        ("assignment-not-accepted", "attachments")
    ]
    panel.answer(city.as_("expert-1"), asked[0].id, AssignmentEvent.ACCEPT)
    assert attachments.read(city.as_("expert-1"), key, file_of(city, "材料"))[1] == PDF
    assert seen(city, key)["evidence"] is not None
