"""`policy simulate`: another policy over files or a stored round, compared; nothing is kept but the file asked for."""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from specialty_eval.cli_options import Data, configured
from specialty_eval.cli_policy import PolicyFile, contents, explaining, write_whole
from specialty_eval.engine.errors import Invalid, Problem

if TYPE_CHECKING:
    from specialty_eval.engine.policy import Policy
    from specialty_eval.engine.simulation import Facts, Simulation


def simulate(  # noqa: PLR0913, PLR0917 -- one parameter an option
    policy: PolicyFile,
    against: Annotated[
        Path | None, typer.Option(help="与之比较的办法，默认就是它自己 · Compare with", metavar="OLD.yaml")
    ] = None,
    evidence: Annotated[Path | None, typer.Option(help="数据 · Evidence", metavar="EVIDENCE.csv")] = None,
    history: Annotated[Path | None, typer.Option(help="以往评定 · Earlier ratings", metavar="HISTORY.csv")] = None,
    round_: Annotated[
        str | None,
        typer.Option("--round", help="代替数据：已计分的批次 · Instead of evidence: a stored round", metavar="ROUND"),
    ] = None,
    data: Data = None,
    quotas: Annotated[Path | None, typer.Option(help="上次招生计划 · Last quotas", metavar="QUOTAS.csv")] = None,
    draws: Annotated[int, typer.Option(help="权重扰动次数，0 为不做 · Draws of the weights, 0: none")] = 10_000,
    seed: Annotated[int, typer.Option(help="随机数种子 · The seed of the draws")] = 0,
    output: Annotated[
        Path | None, typer.Option(help="逐专业的结果 · Everybody's result", metavar="SIMULATION.csv")
    ] = None,
) -> None:
    """模拟：换一个办法会怎样。不改动任何东西 · What another policy would do. Nothing is touched."""
    from specialty_eval.engine import simulation  # noqa: PLC0415 -- slow import: NumPy

    named = {"policy": policy, "against": against, "evidence": evidence, "history": history, "quotas": quotas}
    given = {name: path for name, path in named.items() if path is not None}
    with explaining(given):
        tried, other, facts = _read(given) if round_ is None else _stored(given, round_, data)
        found = simulation.simulate(tried, other or tried, facts, seed=seed, draws=draws)
        if output is not None:
            text = StringIO()
            csv.writer(text, lineterminator="\n").writerows(simulation.lines(found))
            write_whole(output, text.getvalue().encode())
    for line in told(found):
        typer.echo(line)
    if output is not None:
        typer.echo(f"逐专业的结果 everybody's result: {output}")


def _read(given: Mapping[str, Path]) -> tuple["Policy", "Policy | None", "Facts"]:
    """The two policies and the files they are applied to; Invalid without evidence."""
    from specialty_eval.engine.simulation import Facts, read_places  # noqa: PLC0415 -- slow import

    if "evidence" not in given:
        raise Invalid(Problem("simulation-without-figures", "--evidence"))
    read = _contents(given)
    tried, other = _policies(given, read)
    places = read_places(read["quotas"]) if "quotas" in read else {}
    return tried, other, Facts(read["evidence"], read.get("history"), None, places)


def _stored(given: Mapping[str, Path], code: str, data: Path | None) -> tuple["Policy", "Policy", "Facts"]:
    """The policies and what a round was scored with; compared with the round's own unless another one is given."""
    from specialty_eval import installation  # noqa: PLC0415 -- slow import: the whole application

    if problems := [Problem("simulation-figures-twice", f"--{name}") for name in _FIGURES if name in given]:
        raise Invalid(*problems)
    tried, other = _policies(given, _contents(given))
    known = configured(data)
    own, facts = installation.simulated(known.url, known.folder, code)
    return tried, other or own, facts


_FIGURES = ("evidence", "history", "quotas")


def _contents(given: Mapping[str, Path]) -> dict[str, bytes]:
    from specialty_eval.engine.csv_records import MOST_BYTES  # noqa: PLC0415 -- slow import

    return dict(zip(given, contents(list(given.values()), MOST_BYTES), strict=True))


def _policies(given: Mapping[str, Path], read: Mapping[str, bytes]) -> tuple["Policy", "Policy | None"]:
    from specialty_eval.engine.policy_load import load_policy  # noqa: PLC0415 -- slow import

    found: list[Policy | None] = []
    for name in ("policy", "against"):
        with explaining({"policy": given.get(name, Path())}):  # a problem with its line is of this file
            found.append(load_policy(read[name]) if name in read else None)
    tried, other = found
    if tried is None:
        raise ValueError("typer asks for it")
    return tried, other


# --- what is said ----------------------------------------------------------------------------------------------------

COLOURS = {"green": "绿牌", "yellow": "黄牌", "red": "红牌", "unrated": "暂不评定", "incomplete": "数据不全"}
REACHES = {
    "best": "已是最好",
    "change": "改一项即可",
    "capped": "被上限压住",
    "none": "改一项不够",
    "not_rated": "暂不评定或数据不全",
    "not_sought": "没有计算",
}
KEPT = {"always": "每次都相同", "nine_tenths": "九成以上", "half": "五成以上", "less": "不足五成"}


def told(found: "Simulation") -> Iterator[str]:
    """A summary for people, Chinese first."""
    from specialty_eval.engine.simulation import labels, row_text, summary  # noqa: PLC0415 -- slow import

    sums = summary([row_text(row) for row in found.rows], found.draws)
    old, new = found.against, found.policy
    yield f"原办法 {old.id} {old.version} → 试用办法 {new.id} {new.version}，{sums['specialties']} 个专业"
    for side, name in (("before", "原来 before"), ("after", "试用 after")):
        yield f"  {name}：{_counts(sums['ratings'][side], COLOURS)}"
    yield f"变色 change of colour：{sums['changed']}"
    for move in sums["changes"]:
        yield f"  {COLOURS[move['from']]} → {COLOURS[move['to']]}：{move['specialties']}"
    named = {**labels(old), **labels(new)}
    for reason in sums["reasons"]:
        label = named.get(reason["code"], {}).get("zh", "")
        yield f"  {reason['code']} {label}：只在原来 {reason['before']}，只在试用 {reason['after']}".replace(
            " ：", "："
        )
    yield from _places(sums["places"])
    yield f"离更好一色 to the next colour：{_counts(sums['distance'], REACHES)}"
    if sums["stability"] is None:
        yield "权重扰动 stability：没有做（次数为 0，或办法没有权重）"
    else:
        yield (f"权重各自 ±10% 变动 {found.draws} 次（种子 {found.seed}），评定不变的专业："
               f"{_counts(sums['stability'], KEPT)}")  # fmt: skip


def _counts(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    return "，".join(f"{names[key]} {number}" for key, number in counts.items() if number) or "无"


def _places(places: Mapping[str, Any]) -> Iterator[str]:
    """Students by county and class; the specialties that are left out are said."""
    whole = places["all"]
    if whole["unknown"] == whole["specialties"]:
        yield "招生名额 places：没有上次招生计划（或办法没有招生规定），未计算"
        return
    yield f"招生名额 places：{_students(whole)}"
    for key, name in (("by_county", "县 county"), ("by_class", "大类 class")):
        for one in places[key]:
            if one["gained"] or one["lost"]:
                yield f"  {name} {one['code'] or '—'}：{_students(one)}"


def _students(sums: Mapping[str, int]) -> str:
    left_out = f"，{sums['unknown']} 个专业没有上次计划，未计入" if sums["unknown"] else ""
    return f"{sums['before']} → {sums['after']}，增 {sums['gained']}，减 {sums['lost']}{left_out}"
