"""The browser libraries that ``hotline setup`` fetches."""

from __future__ import annotations

from typing import Final

from app.settings import ROOT
from asr.models import catalogue

ASSETS: Final = catalogue(ROOT / "desk" / "assets.toml")
