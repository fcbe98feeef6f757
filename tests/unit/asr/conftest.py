from __future__ import annotations

from pathlib import Path

import pytest

from hotline.city import City, load_city

LINYI = Path(__file__).parents[3] / "config" / "linyi"


@pytest.fixture(scope="session")
def linyi() -> City:
    return load_city(LINYI)
