"""Where the tests find trained models: what `hotline setup` has made, made now where it has not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from app.rasa_server import nlu_folder
from app.settings import Settings
from hotline.city import load_city
from nlu.engines.linear import train_linear
from tests.builders import LINYI


@cache
def trained_models() -> Path:
    """Return the folder with the in-process model of the present data."""
    folder = nlu_folder(Settings())
    train_linear(load_city(LINYI), folder)
    return folder
