"""House rules that no linter knows, as data. Each failure names the file, the line and the way out.

Every rule stands beside code that breaks it and code that looks alike and does not: a rule that cannot fail is none.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "src/specialty_eval/"
PEN = f"{PACKAGE}actions/context.py"
LEDGER = f"{PACKAGE}store/ledger.py"
EDGE = (f"{PACKAGE}app.py", f"{PACKAGE}cli", f"{PACKAGE}serving.py", "bench/")
EXACT = (f"{PACKAGE}engine/", f"{PACKAGE}actions/", f"{PACKAGE}store/")
CLIENT = "src/specialty_eval_client/"
WITHIN = (PACKAGE, CLIENT, "bench/")
LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 50


def _called(node: ast.AST, *names: str) -> bool:
    """A method or function of one of these names is called."""
    if not isinstance(node, ast.Call):
        return False
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in names
        case _:
            return False


def _called_on(node: ast.AST, owner: str, *names: str) -> bool:
    """`owner.name(…)`, whatever stands before the owner."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names):
        return False
    match node.func.value:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name == owner
        case _:
            return False


def assigns_state(node: ast.AST) -> bool:
    """`row.state = …`, `setattr(row, "state" or who knows what, …)`, and `UPDATE … SET state` through SQLAlchemy."""
    match node:
        case ast.Assign(targets=targets):
            aims = [part for t in targets for part in (t.elts if isinstance(t, ast.Tuple | ast.List) else [t])]
            return any(isinstance(aim, ast.Attribute) and aim.attr == "state" for aim in aims)
        case ast.AugAssign(target=ast.Attribute(attr="state")) | ast.AnnAssign(target=ast.Attribute(attr="state")):
            return True
        case ast.Call(args=[_, name, _]) if _called(node, "setattr", "set_committed_value"):
            return not isinstance(name, ast.Constant) or name.value == "state"
        case ast.Call(keywords=keywords):
            return _called(node, "values") and any(k.arg == "state" for k in keywords)
        case _:
            return False


def writes_events(node: ast.AST) -> bool:
    """A row of the event log is made, or the ledger's pen is used."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.search(r"\b(insert\s+into|update|delete\s+from)\s+event\b", node.value, re.I) is not None
    if _called(node, "insert", "update", "delete"):
        assert isinstance(node, ast.Call)
        return any(isinstance(a, ast.Name) and a.id in {"Event", "EventSeal"} for a in node.args[:1])
    return _called(node, "Event") or _called_on(node, "ledger", "record", "move_one", "move_many")


def ends_a_transaction(node: ast.AST) -> bool:
    """`x.commit()`, `x.rollback()`, or a savepoint; `commit(ctx)` is the edge's way."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _called(
        node, "commit", "rollback", "begin_nested"
    )  # fmt: skip


def reads_a_clock(node: ast.AST) -> bool:
    """The day or the hour, from Python or from the database; how long something took is not a date."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.search(r"\b(now\(\)|current_(date|time|timestamp)\b|clock_timestamp)", node.value, re.I) is not None
    return _called(node, "now", "today", "utcnow", "current_timestamp", "current_date", "localtime", "gmtime") or (
        _called_on(node, "time", "time", "time_ns")
    )


def is_inexact(node: ast.AST) -> bool:
    """`float(…)`: no number between the file and the printed score goes through one."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"


def has_float_constant(node: ast.AST) -> bool:
    """`0.5`: a tenth has no exact float."""
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def catches_everything(node: ast.AST) -> bool:
    """`except:` and `except Exception:`, unless what was caught goes on."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
    last = node.body[-1]
    return broad and not (isinstance(last, ast.Raise) and last.exc is None)


def mocks(node: ast.AST) -> bool:
    """A mock library, or a part of ours replaced: only constants (a folder, an oldest version) may be."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
        return any(name.split(".")[0] in {"mock", "pytest_mock"} or name.startswith("unittest") for name in names)
    if not _called_on(node, "monkeypatch", "setattr", "setitem", "delattr"):
        return False
    assert isinstance(node, ast.Call)
    named = node.args[1] if len(node.args) > 2 else node.args[0]
    return not (isinstance(named, ast.Constant) and re.fullmatch(r"[A-Z_]+", str(named.value)))


EDGES = ("api/deps", "web/pages", "web/signed", "cli", "worker", "following", "delivering")


@dataclass(frozen=True)
class Rule:
    """What is not done, where, what one does instead, and code on both sides of the line."""

    breaks: Callable[[ast.AST], bool]
    way_out: str
    bad: str
    good: str
    applies: tuple[str, ...] = (PACKAGE,)
    except_in: tuple[str, ...] = ()

    def concerns(self, name: str) -> bool:
        return name.startswith(self.applies) and not name.startswith(self.except_in)


RULES = (
    Rule(
        assigns_state,
        "only actions/context.py moves a state: ctx.advance(…)",
        "review.state = 'scored'\na.x, b.state = 1, 2\nsetattr(review, 'state', 'scored')\n"
        "set_committed_value(row, name, 1)\nsa.update(t).values(state=1)",
        "app.state.edge = 1\nstate = 'open'\nsetattr(row, 'name', 1)\n"
        "query.where(t.c.state == 'open')\nReview(state='planned')",
        except_in=(PEN, LEDGER, f"{PACKAGE}engine/machine.py", f"{PACKAGE}store/rows.py"),  # which sets what it read
    ),
    Rule(
        writes_events,
        "only actions/context.py writes events: ctx.advance(…) or ctx.record(…)",
        "ledger.record(s, 'x', row, entry)\nstore.ledger.move_one(s)\nEvent(kind='x')\nsa.insert(Event)\n"
        "sa.text('INSERT INTO event (kind) VALUES (1)')",
        "ledger.settled(s, 1)\nctx.record('x', row)\nsa.select(Event)\nsa.insert(Ballot)\n'events of the year'",
        except_in=(PEN, LEDGER),
    ),
    Rule(
        ends_a_transaction,
        "actions flush (ctx.saved); the edge ends the transaction with context.commit(ctx)",
        "session.commit()\nctx.session.rollback()\nsession.begin_nested()",
        "commit(ctx)\nsession.flush()\ncontext.commit",
        except_in=(PEN,),
    ),
    Rule(
        reads_a_clock,
        "take `now` as an argument, or ctx.now and ctx.today: three years must run in a second",
        "datetime.now(UTC)\ndate.today()\ntime.time()\nsa.func.now()\nsa.text('SELECT now()')\nfunc.current_date()",
        "ctx.now\ntime.monotonic()\nctx.today\n'the clock knows'",
        # updated_at's default is for rows that a hand inserts; every action writes it from ctx.now.
        except_in=(*EDGE, f"{PACKAGE}store/base.py"),
    ),
    Rule(
        is_inexact,
        "Decimal or Fraction (engine/exact.py): a float is a wrong rating",
        "float('0.1')",
        "Decimal('0.1')\nisinstance(x, float)",
        applies=EXACT,
    ),
    Rule(
        has_float_constant,
        "write Decimal('0.5') or Fraction(1, 2)",
        "x = 0.5",
        "x = Decimal('0.5')\ny = 5",
        applies=EXACT,
        except_in=(f"{PACKAGE}store/embedded.py",),  # how long it sleeps while a server starts
    ),
    Rule(
        catches_everything,
        "catch what you can name, to translate it; the edge alone answers for everything else",
        "try:\n    f()\nexcept Exception:\n    pass\ntry:\n    f()\nexcept:\n    log()",
        "try:\n    f()\nexcept KeyError:\n    pass\ntry:\n    f()\nexcept BaseException:\n    close()\n    raise",
        except_in=tuple(f"{PACKAGE}{edge}.py" for edge in EDGES),
    ),
    Rule(
        mocks,
        "build the real thing (factories.py, fresh_database) and assert the effect; only a CONSTANT may be replaced",
        "import unittest.mock\nfrom unittest import mock\nfrom pytest_mock import MockerFixture\n"
        "monkeypatch.setattr(place, 'find', f)\nmonkeypatch.setattr('a.b.f', g)",
        "monkeypatch.setattr(place, 'SYSTEM', folder)\nmonkeypatch.chdir(folder)\nmonkeypatch.setenv('X', '1')",
        applies=("tests/",),
    ),
)


def files(*within: str) -> list[Path]:
    return sorted(path for part in within for path in (ROOT / part).rglob("*.py"))


@cache
def tree(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def nodes(text: str) -> list[ast.AST]:
    return list(ast.walk(tree(text)))


def broken(rule: Rule, name: str, text: str) -> list[str]:
    """Every place of a file where the rule does not hold."""
    lines = sorted({getattr(n, "lineno", 0) for n in nodes(text) if rule.breaks(n)})
    return [f"{name}:{line}: {rule.way_out}" for line in lines]


def too_long(name: str, text: str) -> list[str]:
    """A file or a function that holds more than one thought."""
    found, count = [], len(text.splitlines())
    if count > LINES_OF_A_FILE:
        found.append(f"{name}: {count} lines, at most {LINES_OF_A_FILE}: split it by topic, never into utils")
    for node in nodes(text):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LINES_OF_A_FUNCTION:
                found.append(f"{name}:{node.lineno}: {node.name} has {length} lines: name its steps")
    return found


SILENCED = re.compile(r"#\s*(noqa|type:\s*ignore)(?P<codes>[:\[][A-Z0-9a-z, \]-]*)?(?P<reason>.*)")
UNFINISHED = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")


def comments_without_reason(name: str, text: str) -> Iterator[str]:
    """A check that is silenced says why (`# noqa: S101 -- tells the type checker`); nothing is left for later."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        silenced = SILENCED.search(token.string)
        if silenced and not re.search(r"(--|#)\s*\S", token.string[silenced.start() + 1 :]):
            yield f"{name}:{token.start[0]}: say why it is silenced, after ` -- `"
        if UNFINISHED.search(token.string):
            yield f"{name}:{token.start[0]}: do it, or leave it out and say so in the issue"


VAGUE = re.compile(r"(utils?|helpers?|common|misc|manager|base2)")


def vague_or_silent(name: str, text: str) -> list[str]:
    """A module is named after a capability, and its first lines say what it decides."""
    found = [f"{name}: name it after what it decides"] if VAGUE.fullmatch(Path(name).stem) else []
    if text.strip() and not ast.get_docstring(tree(text)):
        found.append(f"{name}:1: begin with one to three lines: what it decides and what it leaves to others")
    return found


def everywhere(check: Callable[[str, str], Iterable[str]], *within: str) -> list[str]:
    found: list[str] = []
    for path in files(*within):
        found.extend(check(path.relative_to(ROOT).as_posix(), path.read_text()))
    return found


by_name = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.breaks.__name__)


@by_name
def test_the_rule_holds(rule: Rule) -> None:
    concerned = [p for p in files("src", "tests", "bench") if rule.concerns(p.relative_to(ROOT).as_posix())]
    assert concerned
    assert [line for p in concerned for line in broken(rule, p.relative_to(ROOT).as_posix(), p.read_text())] == []


@by_name
def test_the_rule_can_fail(rule: Rule) -> None:
    for statement in ast.parse(rule.bad).body:
        assert len(broken(rule, "bad.py", ast.unparse(statement))) == 1, ast.unparse(statement)
    assert broken(rule, "good.py", rule.good) == []


@by_name
def test_an_exception_to_a_rule_is_one_that_is_needed(rule: Rule) -> None:
    for excepted in rule.except_in:
        if excepted not in EDGE:
            path = ROOT / excepted
            assert broken(rule, excepted, path.read_text()), f"{excepted} keeps the rule: strike it from except_in"


def test_files_and_functions_are_short() -> None:
    assert everywhere(too_long, *WITHIN) == []


def test_a_long_file_and_a_long_function_are_found() -> None:
    body = "    x = 1\n"
    assert too_long("a.py", "def f():\n" + body * 49) == []
    assert too_long("a.py", "def f():\n" + body * 50) == ["a.py:1: f has 51 lines: name its steps"]
    assert too_long("a.py", "x = 1\n" * 400) == []
    assert len(too_long("a.py", "x = 1\n" * 401)) == 1


def test_what_is_silenced_says_why_and_nothing_is_left_for_later() -> None:
    assert everywhere(comments_without_reason, PACKAGE, CLIENT) == []


def test_a_comment_without_a_reason_is_found() -> None:
    bad = "a = f()  # noqa: S101\nb = f()  # type: ignore[arg-type]\nc = 1  # TO" + "DO later\nd = f()  # noqa"
    assert [line.split(":")[1] for line in comments_without_reason("a.py", bad)] == ["1", "2", "3", "4"]
    good = "a = f()  # noqa: S101 -- tells the type checker\nb = f()  # type: ignore[arg-type]  # no None in it\n"
    assert list(comments_without_reason("a.py", good + "text = 'TO" + "DO'  # a word\n")) == []


def test_modules_say_what_they_decide_and_are_named_for_it() -> None:
    assert everywhere(vague_or_silent, PACKAGE, CLIENT, "tests", "bench", "migrations") == []


def test_a_vague_name_and_a_silent_module_are_found() -> None:
    assert len(vague_or_silent("a/utils.py", "x = 1")) == 2
    assert vague_or_silent("a/utilities_of_schools.py", '"""What it decides."""') == []
