"""``hotline bench``: measuring."""

from __future__ import annotations

import typer

cli = typer.Typer(help="测量", no_args_is_help=True)
