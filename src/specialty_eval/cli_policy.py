"""`policy check` and `policy score`: files in, a summary or RESULTS.csv out. What is wrong the engine says."""

import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

from specialty_eval.engine.errors import Invalid, NotFound, Problem, Refusal
from specialty_eval.text import advice, message

app = typer.Typer(help="办法：检查、试算 · Policies: check one, score with one", no_args_is_help=True)

PolicyFile = Annotated[Path, typer.Argument(help="办法（YAML） · The policy", metavar="POLICY.yaml")]


@app.command()
def check(policy: PolicyFile) -> None:
    """检查一份办法，一次列出全部问题 · Check a policy and list every problem at once."""
    from specialty_eval.engine.policy_load import lacking_for_a_round, load_policy  # noqa: PLC0415 -- slow import
    from specialty_eval.engine.policy_yaml import MOST_BYTES  # noqa: PLC0415 -- with the loader

    with explaining({"policy": policy}):
        found = load_policy(contents([policy], MOST_BYTES)[0])
    counts = {
        "测点 measures": len(found.measures),
        "指标 indicators": len(found.indicators),
        "有权重 weighted": len(found.weighted),
        "规则 rules": len(found.rating.rules),
    }
    typer.echo(f"{policy}：没有问题 · no problems")
    typer.echo(f"  {found.id} {found.version} {found.title.get('zh', '')}".rstrip())
    typer.echo(f"  {'，'.join(f'{name} {count}' for name, count in counts.items())}")
    typer.echo(f"  SHA-256 {found.digest}")
    if lacking := lacking_for_a_round(found):
        typer.echo(f"  用于批次还需要 · for a round it still needs: {', '.join(lacking)}")


@app.command()
def score(
    policy: PolicyFile,
    evidence: Annotated[Path, typer.Option(help="数据 · Evidence", metavar="EVIDENCE.csv")],
    history: Annotated[Path | None, typer.Option(help="以往评定 · Earlier ratings", metavar="HISTORY.csv")] = None,
    output: Annotated[
        Path | None, typer.Option(help="结果，默认写到标准输出 · Results, else standard output", metavar="RESULTS.csv")
    ] = None,
) -> None:
    """按办法试算；有任何问题时全部列出，不写结果 · Score with a policy; with any problem list all, write nothing."""
    from specialty_eval.engine.csv_records import MOST_BYTES  # noqa: PLC0415 -- slow import
    from specialty_eval.engine.policy_load import load_policy  # noqa: PLC0415 -- slow import
    from specialty_eval.engine.tables import score_files  # noqa: PLC0415 -- slow import

    named = {"policy": policy, "evidence": evidence} | ({"history": history} if history else {})
    with explaining(named):
        rules, facts, *earlier = contents(list(named.values()), MOST_BYTES)
        loaded = load_policy(rules)
        results = score_files(loaded, facts, earlier[0] if earlier else None).encode()
        if sys.stderr.isatty():
            tell_what_lacks(loaded.measures, facts)
        if output is None:
            sys.stdout.buffer.write(results)
            sys.stdout.buffer.flush()
        else:
            write_whole(output, results)


def tell_what_lacks(measures: Iterable[str], evidence: bytes) -> None:
    """Tell somebody at a terminal for which of the policy's measures the file has no column: nothing is wrong with
    it, and much may be incomplete.
    """
    heading = {
        name.strip().strip('"') for name in evidence.lstrip(b"\xef\xbb\xbf\r\n").splitlines()[0].decode().split(",")
    }
    if lacking := [measure for measure in measures if measure not in heading]:
        typer.echo(f"数据里没有这些列，按未报告计算 · no column, taken as not reported: {', '.join(lacking)}", err=True)


def contents(paths: Sequence[Path], limit: int) -> list[bytes]:
    """The files' bytes, one more than the limit at most; raises NotFound or Invalid naming every file that fails."""
    read, missing, unreadable = [], [], []
    for path in paths:
        try:
            with path.open("rb") as file:
                read.append(file.read(limit + 1))
        except FileNotFoundError:
            missing.append(Problem("file-missing", str(path)))
        except OSError as error:
            unreadable.append(Problem("file-unreadable", str(path), {"reason": error.strerror or str(error)}))
    if missing:
        raise NotFound(*missing, *unreadable)
    if unreadable:
        raise Invalid(*unreadable)
    return read


def write_whole(path: Path, content: bytes) -> None:
    """Put all of `content` in the file, or leave it as it was. Raises Invalid (`file-unwritable`)."""
    target = path.resolve()
    beside = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}")
    try:
        if path.exists() and not path.is_file():  # a pipe or a terminal cannot be replaced
            path.write_bytes(content)
            return
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Invalid(Problem("file-unwritable", str(path), {"reason": error.strerror or str(error)})) from error


@contextmanager
def explaining(files: Mapping[str, Path]) -> Iterator[None]:
    """Say every problem on standard error, each in its file as the caller named it, and end with status 1."""
    try:
        yield
    except Refusal as refusal:
        for problem in refusal.problems:
            typer.echo("\n".join(explained(problem, files)), err=True)
        raise typer.Exit(1) from refusal


def explained(problem: Problem, files: Mapping[str, Path] = MappingProxyType({})) -> Iterator[str]:
    """Where it is, what is wrong, what to do: Chinese first."""
    yield _place(problem, files)
    for lang in ("zh", "en"):
        yield f"  {message(problem, lang)}"
        if next_ := advice(problem, lang):
            yield f"    → {next_}"


def _place(problem: Problem, files: Mapping[str, Path]) -> str:
    facts, said = problem.facts, []
    file = facts.get("file")
    if file in files:
        said.append(str(files[str(file)]))
    elif facts.get("line"):
        said.append(f"{files.get('policy', '')}")
    if facts.get("row"):
        said.append(f"第 {facts['row']} 行 · row {facts['row']}")
    elif facts.get("line"):
        said.append(f"第 {facts['line']} 行 · line {facts['line']}")
    if facts.get("column") and file:
        said.append(f"列 · column {facts['column']}")
    elif not file:
        said.append(problem.where)
    return "，".join(filter(None, said)) or problem.code
