"""What the command line prints while it works: steps, progress, conversations as they happen."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import typer

_EVERY_SECONDS = 1.0


class Printer:
    """Prints to standard error, so that standard output stays for results."""

    def __init__(self, *, is_silent: bool = False) -> None:
        """``is_silent``: conversations are not shown as they happen, steps are."""
        self._is_silent = is_silent
        self._last = 0.0
        self._open = ""

    def tell(self, text: str) -> None:
        """Print a step."""
        self._end_line()
        typer.echo(text, err=True)

    def progress(self, what: str, done: int, of: int) -> None:
        """Print how far a long step is, at most once a second; in place on a terminal."""
        is_last = of > 0 and done >= of
        if time.monotonic() - self._last < _EVERY_SECONDS and not (is_last and self._open == what):
            return
        self._last = time.monotonic()
        share = f"{done * 100 // of}%" if of else ""
        if sys.stderr.isatty():
            typer.echo(f"\r{what} {share}   ", err=True, nl=False)
            self._open = what
            if is_last:
                self._end_line()
        else:
            typer.echo(f"{what} {share}", err=True)

    def show(self, event: Mapping[str, Any]) -> None:
        """Print one row of a journal or one event of a caller."""
        if self._is_silent:
            return
        body = event.get("body") or {}
        match event.get("name"):
            case "Said":
                typer.echo(f"听到：{body['text']}（原文：{body['raw']}）", err=True)
            case "Understood":
                meaning = body["understanding"]
                typer.echo(
                    f"理解：{meaning['intent']} {meaning['kind'] or ''} {meaning['category'] or ''}（{meaning['engine']}）",
                    err=True,
                )
            case "Say":
                typer.echo(f"热线：{''.join(body['parts'])}", err=True)
            case "AppealRegistered":
                typer.echo(f"登记：{body['number']} {body['lead_unit'] or ''}", err=True)
            case _:
                if event.get("caller") and event.get("event") == "answered":
                    typer.echo(f"      [{event['latency_ms']:.0f} ms]", err=True)

    def _end_line(self) -> None:
        if self._open:
            typer.echo("", err=True)
            self._open = ""
