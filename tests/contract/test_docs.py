"""What README and docs say can be done, can be done: commands, options, addresses, links, settings, events, limits."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer

from specialty_eval import app, cli, text
from specialty_eval.actions import accounts, passwords, sheets
from specialty_eval.actions.intake_tables import TABLES
from specialty_eval.api import limits, problems
from specialty_eval.demo import city, people
from specialty_eval.engine.event_kinds import ACTS
from specialty_eval.engine.machines import MACHINES
from specialty_eval.engine.overdue import ESCALATED
from specialty_eval.settings import Settings
from specialty_eval.store import days_kept
from specialty_eval.store.overdue_queries import kind_of

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "specialty_eval"
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")),
         ROOT / "bench" / "README.md", ROOT / "tests" / "golden" / "README.md")  # fmt: skip
ENDS = frozenset("&|><;") | {"&&", "||", ">>", "2>&1"}


@cache
def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands() -> Iterator[tuple[str, list[str]]]:
    """(where, words) of every line in a shell block, and of every command quoted in a sentence."""
    for path in PAGES:
        content, name = page(str(path.relative_to(ROOT))), path.name
        for block in re.findall(r"^```sh\n(.*?)^```", content, re.M | re.S):
            for line in block.replace("\\\n", " ").splitlines():
                yield name, words(line)
        for quoted in re.findall(r"`((?:specialty-eval|make) [^`\n]*)`", content):
            yield name, words(quoted)


def words(line: str) -> list[str]:
    lexer = shlex.shlex(line.replace("$(", "( "), posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    return list(lexer)


def calls(program: str) -> Iterator[tuple[str, list[str]]]:
    """(where, arguments) of every call of a program, up to the next command of the line."""
    for where, said in commands():
        for at, word in enumerate(said):
            if word.rsplit("/", 1)[-1] == program and said[:2] != ["docker", "build"]:
                rest = said[at + 1 :]
                end = next((n for n, part in enumerate(rest) if set(part) <= ENDS | set("()")), len(rest))
                yield where, rest[:end]


def test_every_command_and_option_exists() -> None:
    unknown = []
    for where, arguments in calls("specialty-eval"):
        command: Any = typer.main.get_command(cli.app)
        rest = list(arguments)
        while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
            found = command.commands.get(rest.pop(0))
            if found is None:
                unknown.append((where, arguments))
                break
            command = found
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        options = {part.split("=")[0] for part in rest if part.startswith("--")}
        unknown += [(where, [option]) for option in options - known - {"--help"}]
    assert unknown == []


def test_every_make_target_calls_commands_that_exist() -> None:
    """`make dev` has once called an option that was never there."""
    root = typer.main.get_command(cli.app)
    for name, said in re.findall(r"\$\(BIN\)/specialty-eval ([a-z]+)(.*)", page("Makefile")):
        known = {option for parameter in root.commands[name].params for option in parameter.opts}  # type: ignore[attr-defined]  # a group
        assert {option for option in words(said) if option.startswith("--")} <= known, name


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.M))
    named = {(where, arguments[0]) for where, arguments in calls("make") if arguments}
    assert {(where, target) for where, target in named if target not in targets} == set()


@cache
def routes() -> list[tuple[str, re.Pattern[str]]]:
    """(method, path) of every route there is."""
    paths = json.loads(page("api_schemas/openapi.json"))["paths"]
    return [
        (method.upper(), re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))))
        for path, methods in paths.items()
        for method in methods
    ]


def exists(method: str, path: str) -> bool:
    return any(method == known and pattern.fullmatch(path) for known, pattern in routes()) or path == OPENAPI


OPENAPI = "/v1/openapi.json"


def requests() -> Iterator[tuple[str, str, str]]:
    """(where, method, path) of every request in a shell block, and of every one quoted in a sentence."""
    for where, arguments in calls("curl"):
        for address in (part for part in arguments if re.match(r"http://[\d.:]+/|\$S/", part)):
            path = "/" + re.sub(r"^http://[^/]+/|^\$S/", "", address).split("?")[0]
            yield where, method_of(arguments), re.sub(r"\$\{?\w+\}?", "x", path)
    for where, arguments in calls("call"):
        if len(arguments) >= 3:  # else it is the definition
            yield where, arguments[1], re.sub(r"\$\{?\w+\}?", "x", arguments[2])
    for each in PAGES:
        for method, path in re.findall(
            r"`(GET|POST|PUT|PATCH|DELETE) (/[^`\s?]*)[^`]*`", page(str(each.relative_to(ROOT)))
        ):
            yield each.name, method, re.sub(r"\{\w*\}|…", "x", path)


def method_of(arguments: list[str]) -> str:
    for option in ("-X", "--request"):
        if option in arguments:
            return arguments[arguments.index(option) + 1]
    if {"-T", "--upload-file"} & set(arguments):
        return "PUT"
    has_body = any(part in {"-d", "--json"} or part.startswith("--data") for part in arguments)
    return "POST" if has_body else "GET"


def test_every_request_has_its_route() -> None:
    assert [said for said in requests() if not exists(said[1], said[2])] == []


def test_the_requests_are_found_at_all() -> None:
    assert {"README.md", "api.md"} <= {where for where, _, _ in requests()}


def test_every_link_to_a_file_leads_somewhere() -> None:
    broken = []
    for path in PAGES:
        prose = re.sub(r"^```.*?^```", "", page(str(path.relative_to(ROOT))), flags=re.M | re.S)
        for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)", prose):
            aim = (path.parent / target).resolve() if target else path
            if not aim.exists() or (anchor and aim.suffix == ".md" and anchor not in anchors(aim)):
                broken.append(f"{path.name}: {target}#{anchor}")
    assert broken == []


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_setting_is_documented_and_no_other() -> None:
    prefix = Settings.model_config["env_prefix"]
    there = {str(field.validation_alias or f"{prefix}{name}".upper()) for name, field in Settings.model_fields.items()}
    for language in page("docs/operations.md").split("\n---\n"):
        assert set(re.findall(r"^\| `([A-Z_]+)` \|", language, re.M)) == there


def test_every_problem_code_is_documented_and_no_other() -> None:
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", page("docs/problems.md"), re.M)) == text.codes()


WRITERS = ("record", "record_many")


def recorded() -> set[str]:
    """Every kind of event that is written beside the moves of the machines."""
    kinds = {f"intake.{name}" for name in TABLES}
    kinds |= {kind_of(what) for what in ESCALATED}
    kinds |= {kept.kind for kept in days_kept.EVERY}
    kinds |= {kept.kind.replace("remind", "extend") for kept in days_kept.BESIDE_PHASES}
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITERS:
                kind = node.args[0]
                choices = (kind.body, kind.orelse) if isinstance(kind, ast.IfExp) else (kind,)
                kinds |= {str(each.value) for each in choices if isinstance(each, ast.Constant)}
    return kinds | {"demo.begin", "demo.refuse", "demo.step", "demo.done"}


def test_every_kind_of_event_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| (`[a-z_.]+`(?:, `[a-z_.]+`)*) \|", page("docs/events.md"), re.M)
    assert {kind for row in rows for kind in re.findall(r"`([a-z_.]+)`", row)} == recorded() == ACTS


def test_every_column_of_a_file_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", page("docs/imports.md"), re.M)
    told = {kind: re.findall(r"`(\w+)`(\*?)(☐?)", columns) for kind, columns in rows}
    assert told == {
        name: [(c.name, "*" if c.required else "", "" if c.filled else "☐") for c in table.columns]
        for name, table in TABLES.items()
    }


def test_every_page_named_in_the_source_is_there() -> None:
    named = {
        name for path in SOURCES.rglob("*.py") for name in re.findall(r"docs/[a-z-]+\.md", path.read_text("utf-8"))
    }
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_machine_has_its_section() -> None:
    assert set(re.findall(r"^## (\w+)$", page("docs/state-machines.md"), re.M)) == set(MACHINES)


def test_the_limits_told_are_those_of_the_code() -> None:
    told = [
        f"{limits.DEFAULT_LIMIT >> 20} MB", *(f"{size >> 20} MB" for _, size in limits.LIMITS),
        f"{sheets.MOST_ROWS} rows", f"{sheets.MOST_COLUMNS} columns", f"first {problems.AT_MOST}",
        f"{app.AT_ONCE} a process", f"{accounts.SIGNED_IN_FOR.seconds // 3600} hours",
        f"at least {passwords.PASSWORD_AT_LEAST} characters",
    ]  # fmt: skip
    assert [limit for limit in told if limit not in page("docs/operations.md")] == []


def test_the_sign_ins_shown_are_those_of_the_demo() -> None:
    real = people.sign_ins(city.make(1))
    shown = [
        pair
        for path in PAGES
        for pair in re.findall(r'"login": ?"([^"]+)", ?"password": ?"(demo-\d+)"', page(str(path.relative_to(ROOT))))
    ]
    assert [(login, password) for login, password in shown if real.get(login) != password] == []


def test_every_decision_is_in_the_index_and_short() -> None:
    folder = ROOT / "docs" / "decisions"
    numbered = sorted(path for path in folder.glob("[0-9]*.md"))
    linked = re.findall(r"\]\((\d{4}-[^)]+)\)", page("docs/decisions/README.md"))
    assert linked == [path.name for path in numbered]
    assert [path.name for path in numbered if len(path.read_text(encoding="utf-8").splitlines()) > 60] == []


def test_every_measured_number_in_the_readme_names_its_command() -> None:
    prose = re.sub(r"^```.*?^```", "", page("README.md"), flags=re.M | re.S)
    measured = re.compile(r"\d\s?(?:ms|毫秒|秒|seconds|MB|×|倍|times)")
    paragraphs = [part for part in prose.split("\n\n") if measured.search(part)]
    assert [part for part in paragraphs if "`make bench`" not in part and "`specialty-eval" not in part] == []
