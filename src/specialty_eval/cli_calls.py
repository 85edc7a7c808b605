"""How a command is called: wrongly written it is told so in Chinese and English with what to do; help has both too."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

if TYPE_CHECKING:
    from typer.core import TyperCommand

WRONG = {
    "MissingParameter": "缺少参数",
    "NoSuchOption": "没有这个选项",
    "BadOptionUsage": "选项写得不对",
    "BadParameter": "参数的值不对",
}
"""The library's name of what is wrong → in Chinese; anything else is told as a wrong command."""
NAME = "specialty-eval"


def called(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run one command; its exit status. 1 for one that is called wrongly, 130 where Ctrl-C ended it."""
    command: Any = get_command(app)
    if not arguments or "--help" in arguments or arguments[-1] in command.commands:
        _help_in_chinese(command)
    try:
        return int(command.main(list(arguments), prog_name=NAME, standalone_mode=False) or 0)
    except typer.Abort:  # the input ended where something was asked for
        typer.echo("已中止，什么也没有做 · Aborted, nothing was done", err=True)
    except TyperException as error:
        ctx: typer.Context | None = getattr(error, "ctx", None)
        if type(error).__name__ == "NoArgsIsHelpError":
            return 1  # the library has printed the help as it made the error
        what = WRONG.get(type(error).__name__, "命令写得不对")
        typer.echo(f"{what} · {error.format_message().rstrip()}", err=True)
        typer.echo(f"  → 用法见 · See: {ctx.command_path if ctx else NAME} --help", err=True)
    return 1


def _help_in_chinese(command: "TyperCommand") -> None:
    """The titles that the library prints around what commands say of themselves."""
    from typer import rich_utils  # noqa: PLC0415 -- slow import: where help is asked for alone

    rich_utils.ARGUMENTS_PANEL_TITLE = "参数 · Arguments"
    rich_utils.OPTIONS_PANEL_TITLE = "选项 · Options"
    rich_utils.COMMANDS_PANEL_TITLE = "命令 · Commands"
    rich_utils.REQUIRED_LONG_STRING = "[必填 required]"
    for each in _all(command):
        if (option := each.get_help_option(typer.Context(each))) is not None:
            option.help = "显示本说明 · Show this and exit"


def _all(command: Any) -> Iterator[Any]:
    yield command
    for each in getattr(command, "commands", {}).values():
        yield from _all(each)


def password_asked() -> str:
    """A password: typed twice unseen at a terminal, else the first line of what is piped in. Abort for none."""
    if sys.stdin.isatty():
        return str(typer.prompt("管理员密码 · Password", hide_input=True, confirmation_prompt=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        typer.echo("没有读到密码：请在终端里运行，或把密码送到标准输入 · No password was piped in", err=True)
        raise typer.Abort
    return line
