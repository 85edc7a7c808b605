"""`evidence template`, `… import`, `… confirm`: a city's evidence from a file, shown before it is taken."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from specialty_eval import cli_policy, cli_progress
from specialty_eval.cli_options import Charset, Data, configured
from specialty_eval.engine.errors import Problem

if TYPE_CHECKING:
    from specialty_eval.installation_evidence import Shown

app = typer.Typer(help="佐证数据 · Evidence", no_args_is_help=True)

PolicyNamed = Annotated[str, typer.Option(help="所依办法，ID@版本 · Whose measures, ID@VERSION")]
SHOWN = 20
"""So many lines of each kind are shown; the workbook and the API show all."""
SIGNS = {"new": "+", "changed": "~", "gone": "-"}


@app.command()
def template(
    output: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="写到哪里 · Where to write it")],
    policy: PolicyNamed,
    year: Annotated[int | None, typer.Option(help="列出各专业，填这一年 · With every specialty, of this year")] = None,
    supplier: Annotated[str, typer.Option(help="只要一个提供方的测点 · The measures of one supplier")] = "",
    data: Data = None,
) -> None:
    """按办法生成填报模板 · Make a workbook to fill in from a policy."""
    from specialty_eval import installation_evidence  # noqa: PLC0415 -- slow import: the whole application

    known = configured(data)
    made = installation_evidence.template(known.url, known.folder, policy, year=year, supplier=supplier)
    cli_policy.write_whole(output, made)
    typer.echo(f"{output}")


@app.command(name="import")
def load(
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX · CSV or XLSX", metavar="FILE")],
    policy: PolicyNamed,
    whole: Annotated[
        bool, typer.Option("--whole", help="空格表示去掉已有数据 · An empty cell takes what is on record off it")
    ] = False,
    charset: Charset = "utf-8",
    workbook: Annotated[
        Path | None, typer.Option(help="带批注的工作簿 · Where to write the annotated workbook", metavar="OUT.xlsx")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="显示后立即确认 · Confirm what is shown at once")] = False,
    data: Data = None,
) -> None:
    """检查一个文件并显示它会改变什么；确认前什么也不入库 · Check a file and show what it would change; nothing yet."""
    from specialty_eval import installation_evidence  # noqa: PLC0415 -- slow import: the whole application

    known = configured(data)
    with cli_policy.explaining({"evidence": file}):
        content = cli_policy.contents([file], installation_evidence.MOST_BYTES)[0]
        shown = installation_evidence.stage(
            known.url,
            known.folder,
            (file.name, content),
            policy=policy,
            whole=whole,
            charset=charset,
            beside=cli_progress.shown,
        )
        if workbook is not None and (shown.problems or shown.notices):
            cli_policy.write_whole(workbook, installation_evidence.annotated(known.url, known.folder, shown.id))
    _tell(file, shown)
    if shown.total:
        raise typer.Exit(1)
    if yes:
        confirm(shown.id, shown.difference, data)
    else:
        typer.echo(f"确认 · to confirm: specialty-eval evidence confirm {shown.id} {shown.difference}")


@app.command()
def confirm(
    number: Annotated[int, typer.Argument(help="文件编号 · The file's number")],
    difference: Annotated[str, typer.Argument(help="所显示差异的校验值 · The hash that was shown")],
    data: Data = None,
) -> None:
    """确认所显示的差异，全部入库 · Put exactly the difference that was shown on record."""
    from specialty_eval import installation_evidence  # noqa: PLC0415 -- slow import: the whole application

    known = configured(data)
    counts = installation_evidence.confirm(known.url, known.folder, number, difference, cli_progress.shown)
    typer.echo(f"已入库：{_counted(counts)} · on record")


def _counted(counts: dict[str, Any]) -> str:
    return (
        f"新增 new {counts['new']}，更改 changed {counts['changed']}，去掉 gone {counts['gone']}，"
        f"不变 unchanged {counts['unchanged']}"
    )


def _tell(file: Path, shown: "Shown") -> None:
    """Every problem on standard error; what was understood and what would change on standard output."""
    for code, facts in shown.problems:
        problem = Problem(code, str(facts.get("file", "")), facts)
        typer.echo("\n".join(cli_policy.explained(problem, {"evidence": file})), err=True)
    if shown.total > len(shown.problems):
        typer.echo(f"…共 {shown.total} 个问题 · {shown.total} problems in all", err=True)
    for code, facts in shown.notices[:SHOWN]:
        said = next(line for line in cli_policy.explained(Problem(code, "", facts)) if line.startswith("  "))
        typer.echo(f"{said.strip()}（第 {facts['row']} 行 · row {facts['row']}，{facts['column']}）")
    read = f"，按 {shown.charset} 读取 read" if shown.charset else ""
    typer.echo(f"{file}{read}：{shown.counts['rows']} 行 rows，{_counted(shown.counts)}")
    for kind, lines in shown.difference_lines.items():
        for one in lines[:SHOWN]:
            typer.echo(
                f"{SIGNS[kind]} {one['specialty']} {one['year']} {one['measure']}：{one['before']} → {one['after']}"
            )
        if shown.counts[kind] > SHOWN:
            typer.echo(f"{SIGNS[kind]} …共 {shown.counts[kind]} 项 · {shown.counts[kind]} in all")
