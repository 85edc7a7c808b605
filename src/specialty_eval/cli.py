"""The command `specialty-eval`. Mounts the sub-commands; exit status 0 done, 1 the input is wrong, 2 a fault."""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specialty_eval import cli_calls, cli_client, cli_evidence, cli_policy, cli_publish, cli_simulate
from specialty_eval.cli_options import Charset, Data, Fault, Port, configured
from specialty_eval.engine.errors import Refusal

if TYPE_CHECKING:
    from fastapi import FastAPI

app = typer.Typer(
    help="职业院校专业三年期评价 · Three-yearly evaluation of vocational specialties",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli_policy.app.command()(cli_simulate.simulate)
app.add_typer(cli_policy.app, name="policy")
app.add_typer(cli_evidence.app, name="evidence")
app.add_typer(cli_publish.publish, name="publish")
app.command()(cli_publish.rounds)
app.command()(cli_publish.verify)
app.command()(cli_client.status)
app.command()(cli_client.watch)


@app.command()
def demo(
    data: Data = None,
    seed: Annotated[int | None, typer.Option(help="另一个数字，另一座城市 · Another number, another city")] = None,
    serve: Annotated[bool, typer.Option(help="演完后提供网页和接口 · Serve the result afterwards")] = True,
    port: Port = None,
) -> None:
    """演示一个虚构城市的三年周期 · Play a fictional city's three years, then serve them on this machine alone."""
    from specialty_eval import demo as demonstration

    known = configured(data, port=port)
    raise SystemExit(
        demonstration.run(known.folder, known.url, seed=seed, serve=serve, host="127.0.0.1", port=known.port)
    )


@app.command()
def serve(
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help="地址，默认只限本机 · Address; this machine alone by default")
    ] = None,
    port: Port = None,
    with_worker: Annotated[
        bool, typer.Option("--with-worker", help="同时办理到期的事 · Act on what is due as well")
    ] = False,
    reload: Annotated[
        bool, typer.Option("--reload", help="源码一改就重启，开发用 · Restart when the source changes, for development")
    ] = False,
) -> None:
    """提供接口和公开网页 · Serve the API and the public pages."""
    from specialty_eval import serving
    from specialty_eval.api.rates import Rates

    known = configured(data, host, port)
    if reload and with_worker:
        raise typer.BadParameter("--reload 不带 --with-worker · --reload goes without --with-worker")
    if reload:
        serving.serve_anew(known.url, known.folder, host=known.host, port=known.port)
        return
    serving.serve(
        known.url, known.folder, host=known.host, port=known.port, status_age=known.status_age,
        offered=serving.Offered(known.feed_days, known.networks), rates=Rates(*known.limits), with_worker=with_worker,
    )  # fmt: skip


def fresh() -> "FastAPI":
    """The application that `serve --reload` starts anew, over the database that the environment names."""
    from specialty_eval import serving
    from specialty_eval.app import create_app

    known = configured(None)
    if known.url is None:
        raise typer.BadParameter("DATABASE_URL")
    return create_app(known.url, serving.files_in(known.folder))


@app.command()
def work(
    data: Data = None,
    once: Annotated[bool, typer.Option("--once", help="只办一遍（供定时任务） · One pass, for a timer")] = False,
) -> None:
    """办理到期的事，每分钟一遍，直到停止 · Act on what is due, each minute, until stopped."""
    from specialty_eval import serving

    known = configured(data)
    if not once:
        serving.work(known.url, known.folder, known.networks)
        return
    done, failed = serving.work_once(known.url, known.folder)
    typer.echo(f"办成 {done} 件，未办成 {len(failed)} 件 · {done} jobs done, {len(failed)} failed")
    for job in failed:
        typer.echo(job, err=True)
    if failed:
        raise SystemExit(2)


@app.command()
def migrate(
    data: Data = None,
    restored: Annotated[
        bool,
        typer.Option(
            "--restored", help="刚从备份恢复：事件另起名称和编号 · just restored: events go on under another name"
        ),
    ] = False,
) -> None:
    """把数据库升级到本版本的结构 · Bring the database to this version's schema."""
    from specialty_eval import serving

    known = configured(data)
    anew = serving.migrate(known.url, known.folder, restored=restored)
    typer.echo("数据库结构已是最新 · The schema is up to date")
    if anew is not None:
        typer.echo(f"事件记录改用新的名称 {anew.name}，编号 {anew.first} 至 {anew.last} 空着不用")
        typer.echo(f"The event log goes on as {anew.name}; the numbers {anew.first} to {anew.last} are left out")


@app.command()
def tidy(data: Data = None) -> None:
    """清除不再需要的幂等应答 · Forget the answers kept for repeated requests that nobody waits for any more."""
    from specialty_eval import installation

    known = configured(data)
    forgotten = installation.tidy(known.url, known.folder)
    typer.echo(f"已清除 {forgotten} 条 · {forgotten} kept answers are forgotten")


@app.command()
def init(
    login: Annotated[str, typer.Option(help="管理员登录名 · The administrator's login")],
    city: Annotated[str, typer.Option(help="城市的六位区划代码 · The city's six-digit code")] = "371400",
    bureau: Annotated[str, typer.Option(help="主管教育局名称 · The bureau's name")] = "市教育局",
    data: Data = None,
) -> None:
    """全新安装：城市、教育局和第一位管理员 · A new installation: city, bureau, first administrator."""
    from specialty_eval import installation

    known = configured(data)
    password = cli_calls.password_asked()
    installation.init(known.url, known.folder, city=city, bureau=bureau, login=login, password=password)
    typer.echo(f"已建立管理员 {login} · Administrator {login} is on record")


@app.command()
def calendar(
    year: Annotated[int, typer.Argument(help="年份 · The year")],
    reason: Annotated[str, typer.Option(help="依据，如国办通知的文号 · Why, as the announcement's number")],
    off: Annotated[list[str] | None, typer.Option(help="放假日，可多次 · A day off, repeatable")] = None,
    workday: Annotated[list[str] | None, typer.Option(help="补班日，可多次 · A day worked, repeatable")] = None,
    data: Data = None,
) -> None:
    """录入一年的放假日和补班日，各市共用 · Enter a year's days off and made-up working days, for all cities."""
    from specialty_eval import installation
    from specialty_eval.actions.calendars import Days

    known = configured(data)
    days = Days([_day(written) for written in off or ()], [_day(written) for written in workday or ()], reason)
    moved = installation.enter_calendar(known.url, known.folder, year, days)
    typer.echo(f"已录入{year}年，顺延 {moved} 个期限 · {year} is entered; {moved} deadlines end later")


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(f"{written}：请写成 2028-10-02 · write a day as 2028-10-02") from None


@app.command(name="import")
def load(
    kind: Annotated[str, typer.Argument(help="种类，如 schools、ratings · The kind, as schools or ratings")],
    file: Annotated[Path, typer.Argument(help="CSV 或 XLSX · CSV or XLSX", metavar="FILE")],
    edition: Annotated[str, typer.Option(help="专业目录的版本 · A catalogue's edition")] = "",
    policy: Annotated[str, typer.Option(help="年度数据所依办法，ID@版本 · The figures' policy, ID@VERSION")] = "",
    charset: Charset = "utf-8",
    dry_run: Annotated[bool, typer.Option(help="只比对，不写入 · Compare, write nothing")] = False,
    data: Data = None,
) -> None:
    """导入一个文件，全部写入或一行不写 · Load a file: all of it, or nothing and every problem."""
    from specialty_eval import installation
    from specialty_eval.actions.intake import MOST_BYTES

    known = configured(data)
    with cli_policy.explaining({kind: file}):
        content = cli_policy.contents([file], MOST_BYTES)[0]
        done = installation.load(
            known.url,
            known.folder,
            kind,
            (file.name, content),
            edition=edition,
            policy=policy,
            dry_run=dry_run,
            charset=charset,
        )
    read = f"，按 {done.charset} 读取 read" if done.charset else ""
    would = "（仅比对 · compared only）" if done.dry_run else ""
    typer.echo(
        f"{file}{read}：{done.rows} 行，新增 {done.new}，更改 {done.changed}，不变 {done.unchanged}{would}"
        f" · {done.rows} rows, {done.new} new, {done.changed} changed, {done.unchanged} unchanged"
    )


events = typer.Typer(help="事件记录 · The event log", no_args_is_help=True)
app.add_typer(events, name="events")


@events.command("verify")
def verify_events(
    head: Annotated[str, typer.Option(help="公示公告上印的校验值 · The head printed in a notice")] = "",
    data: Data = None,
) -> None:
    """核对事件记录有没有被改动、删除、插入或截断 · Find a changed, removed, inserted or cut-off event."""
    from specialty_eval import installation

    known = configured(data)
    sealed = installation.verify_events(known.url, known.folder, head)
    typer.echo(f"事件记录完好，已封存 {sealed} 条 · The event log is whole; {sealed} events are sealed")


ballots = typer.Typer(help="选票 · Ballots", no_args_is_help=True)
app.add_typer(ballots, name="ballots")


@ballots.command("verify")
def verify_ballots(data: Data = None) -> None:
    """核对启封的选票与投票时密封的是否一致 · Compare the opened ballots with the sealed ones that were cast."""
    from specialty_eval import installation

    known = configured(data)
    number, items = installation.verify_ballots(known.url, known.folder)
    typer.echo(f"选票无误：{items} 个议题，{number} 张 · {number} ballots of {items} items are as they were cast")


def main() -> None:
    """The installed command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese is no fault
    # Asked to end, by whatever keeps services, we end as by Ctrl-C: in order, and the embedded database with us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit status."""
    try:
        return cli_calls.called(app, arguments)
    except Fault:
        return 2
    except SystemExit as end:
        return int(end.code or 0)
    except Refusal as refusal:
        for problem in refusal.problems:
            typer.echo("\n".join(cli_policy.explained(problem)), err=True)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; the end needs no traceback
        return 1
    except Exception:  # the edge: whatever else happens is a fault of the program
        traceback.print_exc()
        return 2
