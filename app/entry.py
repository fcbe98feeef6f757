"""Where ``hotline`` begins. Commands on the router load only what they need; everything else takes seconds to load."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from app.logs import configure
from hotline.domain.errors import HotlineError


def run_told(command: Callable[[], object]) -> None:
    """Run a command; errors known by name are told in Chinese, with their code."""
    try:
        command()
    except HotlineError as error:
        typer.echo(f"错误 [{error.code}]：{error}", err=True)
        sys.exit(2)


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["router"]:
        from app.commands_router import cli  # noqa: PLC0415 -- so that it starts in a second or two

        configure("error")
        run_told(lambda: cli(args=sys.argv[2:], prog_name="hotline router"))
    else:
        from app.__main__ import main as whole  # noqa: PLC0415 -- so that the above need not load it

        whole()
