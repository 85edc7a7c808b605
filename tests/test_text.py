"""Sentences for problems: both languages, their facts filled in, never an exception."""

import re
import tomllib
from pathlib import Path

import pytest

from specialty_eval import text
from specialty_eval.app import create_app
from specialty_eval.engine.errors import Problem
from specialty_eval.engine.machines import MACHINES
from specialty_eval.engine.permissions import Thing
from specialty_eval.store import metadata
from specialty_eval.store.base import Base
from specialty_eval.text import LANGUAGES, advice, codes, message, sample, shown

ENGINE = Path(__file__).resolve().parents[1] / "src/specialty_eval/engine"
NAMED = re.compile(r'(?:refuse|_refuse|_refuse_shape|_unreadable|_refused|_named|\.add)\(\s*(?:\w+, )?"([a-z0-9-]+)"')


def test_every_code_of_policies_and_files_has_words() -> None:
    sources = [*ENGINE.glob("policy_*.py"), *ENGINE.glob("csv_*.py"), ENGINE / "evidence.py", ENGINE / "table_batch.py"]
    named = {code for path in sources for code in NAMED.findall(path.read_text("utf-8"))}
    assert len(named) > 60
    assert named - codes() == set()


def test_a_code_has_the_texts_of_its_file() -> None:
    folder = ENGINE.parent / "locale/problems"
    whole = {code: texts for file in folder.glob("*.toml") for code, texts in tomllib.loads(file.read_text()).items()}

    assert codes() == set(whole)
    for code, texts in whole.items():
        plain = Problem(code, "", {place: f"{{{place}}}" for place in sample(code).facts})
        written = texts["zh"].replace("[[", "").replace("]]", "")
        assert message(plain, "zh") == written, code


@pytest.mark.parametrize("lang", LANGUAGES)
def test_facts_are_filled_in_and_missing_ones_left_out(lang: str) -> None:
    for code in codes():
        said = message(Problem(code, "here", {"value": "{value} % {}"}), lang) + advice(Problem(code), lang)
        assert "[[" not in said
        assert said != ""


def test_a_part_that_has_not_all_its_facts_is_left_out() -> None:
    known = Problem("unknown-key", "", {"value": "lable", "nearest": "label", "expected": ("label", "type")})
    assert advice(known, "en") == "Did you mean label? Keys that may stand here: label, type"
    unknown = Problem("unknown-key", "", {"value": "lable", "nearest": "", "expected": ("label", "type")})
    assert advice(unknown, "zh") == "可用的键：label、type"


@pytest.mark.parametrize(("table", "state", "kind", "zh", "en"), [
    ("meeting_item", "closed", "会议议题", "表决结束", "closed"),
    ("enrolment_plan", "approved", "招生计划", "已批准", "approved"),
])  # fmt: skip
def test_what_changed_meanwhile_is_told_in_words_and_by_the_citys_clock(
    table: str, state: str, kind: str, zh: str, en: str
) -> None:
    facts = {"yours": 3, "current": 4, "state": state, "since": "2026-05-13T02:40:00.5+00:00"}
    problem = Problem("changed-meanwhile", table, facts)

    said = f"{kind} 已被他人更改（您读到版本 3，现为 4），现状态为 {zh}，自 2026-05-13 10:40 起"
    assert message(problem, "zh") == said
    said = f"{table} was changed meanwhile (you read version 3, it is 4 now): {en} since 2026-05-13 10:40"
    assert message(problem, "en") == said


def test_what_is_no_instant_stays_as_it_is() -> None:
    for since in ("2026-05-13", "2026.T1", "2026-99-13T02:40:00+00:00", "…"):
        assert since in message(Problem("cursor-too-old", "after", {"since": since}), "zh")


def test_names_of_columns_stay_as_they_are() -> None:
    columns = Problem("unknown-column", "", {"value": "list", "nearest": "length", "rule": ("partner", "length")})
    assert message(columns, "zh") == "这里没有名为“list”的列"
    assert advice(columns, "zh") == "是不是 length？可用的列：partner、length"
    assert advice(columns, "en") == "Did you mean length? Columns that may stand here: partner, length"


def test_a_code_without_words_is_said_as_it_is() -> None:
    assert message(Problem("nobody-wrote-this", "somewhere"), "zh") == "nobody-wrote-this somewhere"
    assert advice(Problem("nobody-wrote-this"), "en") == ""


@pytest.mark.parametrize(
    ("fact", "zh", "en"),
    [
        ("integer 0..4", "整数（0至4）", "a whole number (0 to 4)"),
        ("number 0..", "数字（至少0）", "a number (at least 0)"),
        ("number ..5.5", "数字（至多5.5）", "a number (at most 5.5)"),
        ("decimal(2) -0.5..", "小数（最多2位）（至少-0.5）", "a decimal of at most 2 places (at least -0.5)"),
        ("text", "文字", "text"),
        ("true|false", "true|false", "true|false"),
        (("a", "integer"), "a、integer", "a, integer"),
        ({"not-a-number": 3}, "not-a-number 3", "not-a-number 3"),
        (None, "", ""),
        (12, "12", "12"),
    ],
)
def test_what_would_be_right_is_said_in_words(fact: object, zh: str, en: str) -> None:
    assert (shown(fact, "zh"), shown(fact, "en")) == (zh, en)


def test_a_long_fact_is_cut() -> None:
    assert len(shown("x" * 5000, "zh")) == 200


def test_states_events_and_roles_are_called_by_their_names() -> None:
    step = Problem("step-not-open", "review 12", {"event": "submit", "state": "publicised"})
    role = Problem("role-missing", "plan", {"roles": ["planner", "secretary"]})

    assert message(step, "zh") == "当前状态为“公示中”，不能办理“签章提交”"
    assert message(step, "en") == 'In the state "in publicity" one cannot "sign and submit"'
    assert message(role, "zh") == "您没有可以这样做的角色（需要：招生计划员、秘书处）"


def test_what_is_not_found_has_a_chinese_name() -> None:
    some = Problem("not-found", "round_id", {"kind": "round", "id": 9})
    placed = Problem("not-found", "reviews.12", {"kind": "review", "id": 12})
    kind = Problem("not-found", "kind", {"kind": "import", "id": "figurs", "known": ["figures", "quotas"]})

    assert (message(some, "zh"), message(some, "en")) == ("没有找到批次（9）", "round_id was not found (9)")
    assert message(placed, "zh") == "没有找到专业评估（12）"
    assert advice(kind, "zh").endswith("可用的：figures、quotas")
    assert "Known" not in advice(some, "en")


def test_everything_that_is_not_found_has_a_chinese_name() -> None:
    named = re.compile(r'"not-found", "([a-z_]+)", \{"kind": "([a-z_]+)"')
    sources = "".join(path.read_text("utf-8") for path in ENGINE.parent.rglob("*.py"))
    places = named.findall(sources)
    assert len(places) > 50
    unnamed = {where for where, kind in places if "没有找到" + where in message(
        Problem("not-found", where, {"kind": kind}), "zh")}  # fmt: skip
    assert unnamed == set()


def test_everything_that_can_be_asked_for_by_name_or_number_has_a_chinese_name() -> None:
    sources = "".join(path.read_text("utf-8") for path in ENGINE.parent.rglob("*.py"))
    tables = {m.class_.__name__: str(m.local_table) for m in Base.registry.mappers}
    places = set(re.findall(r'(?:permit_read|locked)\([^\n]*where="([a-z_]+)"', sources))
    literal = set(re.findall(r'not-found"[^\n]*"?kind"?(?:: |=)"([a-z_]+)"', sources))
    locked = {tables[name] for name in re.findall(r"\.locked\((\w+), ", sources) if name in tables}
    paths = create_app("postgresql+psycopg://nowhere/none", Path()).openapi()["paths"]
    in_paths = {name for path in paths for name in re.findall(r"{(\w+)}", path)}
    assert metadata.TABLES
    assert min(map(len, (places, literal, locked, in_paths))) > 15

    every = {*map(str, Thing), *MACHINES, *places, *literal, *locked, *in_paths} - {"fixed"}
    unnamed = {name for name in every if name in message(Problem("not-found", name, {"kind": name}), "zh")}
    assert unnamed == set()


def test_a_reviews_state_has_its_name_also_where_a_cell_is_meant() -> None:
    draft = Problem("draft-not-open", "row 3", {"value": "710201", "state": "publicised", "machine": "review"})
    listed = Problem("review-not-previewed", "reviews.3", {"state": "publicised"})

    assert message(draft, "zh").endswith("（状态：公示中）")
    assert message(listed, "zh").endswith("（当前状态：公示中）")


def test_yes_and_no_are_read_as_yes_and_no() -> None:
    read = Problem("yes-or-no", "row 2", {"value": "有", "text": "true"})

    assert (message(read, "zh"), message(read, "en")) == ("“有”读作“是”", "“有” is read as true")


def test_a_state_of_no_known_machine_is_told_as_it_is() -> None:
    told = message(Problem("step-not-open", "", {"event": "go", "state": "there"}), "en")

    assert told == 'In the state "there" one cannot "go"'


ACT = re.compile(r'"step-not-open", "(\w+)", \{"event": "(\w+)"')


def test_every_act_that_is_refused_by_its_state_is_told_in_words() -> None:
    sources = (Path(text.__file__).parent / "actions").glob("*.py")
    acts = {found for source in sources for found in ACT.findall(source.read_text(encoding="utf-8"))}

    assert len(acts) > 15
    said = text.labels()
    assert [(what, act) for what, act in sorted(acts) if act not in said["acts"] | said["events"][what]] == []
