"""`status`, `watch`: what another system would read from a server, by the client of its own distribution."""

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from specialty_eval.cli_options import Fault

Server = Annotated[
    str | None, typer.Option(help="服务器网址，默认 SPECIALTY_EVAL_SERVER 或本机 · Its address")
]  # fmt: skip


def status(
    code: Annotated[str, typer.Argument(metavar="CODE", help="专业代码 · The specialty's code")],
    server: Server = None,
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取 · For programs")] = False,
) -> None:
    """向服务器查一个专业的现状 · Ask a server for a specialty's status."""
    _end(_client().status(code, server=server, as_json=as_json))


def watch(
    codes: Annotated[
        list[str] | None, typer.Argument(metavar="[CODE]...", help="只看这些专业 · These specialties' statuses alone")
    ] = None,
    server: Server = None,
    every: Annotated[float, typer.Option(min=0.1, help="每几秒问一次 · Seconds between questions")] = 2.0,
    cache: Annotated[
        Path | None, typer.Option(help="保存在此文件，下次接着读 · Keep events in this file and go on next time")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="接不上时从头读 · Begin anew where the place is gone")] = False,
) -> None:
    """随时列出服务器上的变动，按 Ctrl+C 结束 · List a server's changes as they happen, until Ctrl+C."""
    _end(_client().watch(codes or [], server=server, every=every, cache=cache, anew=anew))


def _end(status: int) -> None:
    raise Fault if status == 2 else SystemExit(status)


def _client() -> ModuleType:
    try:
        from specialty_eval_client import cli  # noqa: PLC0415 -- a distribution of its own, that may be absent
    except ModuleNotFoundError as absent:
        if absent.name != "specialty_eval_client":
            raise
        typer.echo("请先安装 specialty-eval-client · Install specialty-eval-client first", err=True)
        raise SystemExit(1) from None
    return cli
