"""The command `specialty-eval`. Mounts the sub-commands; exit status 0 done, 1 the input is wrong, 2 a fault."""

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper

import typer

from specialty_eval import cli_policy
from specialty_eval.engine.errors import Refusal

app = typer.Typer(
    help="职业院校专业三年期评价 · Three-yearly evaluation of vocational specialties",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_policy.app, name="policy")


@app.callback()
def _commands() -> None:
    """Keeps `policy` a group of its own, however few commands there are."""


def main() -> None:
    """The installed command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese is no fault
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit status."""
    try:
        app(list(arguments), prog_name="specialty-eval")
    except SystemExit as end:
        # The library ends with 2 when it is called wrongly; here that is wrong input, and 2 a fault.
        return 1 if end.code == 2 else int(end.code or 0)
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
    return 0
