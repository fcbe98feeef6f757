"""Commands on models, knowledge, routing, configuration and journals."""

from __future__ import annotations

import typer


def add_to(cli: typer.Typer) -> None:
    """Add the commands."""
