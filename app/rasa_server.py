"""Rasa, which lives in an environment of its own: trained, and run as one of the machine's processes."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx
import yaml

from app.processes import Part
from app.settings import ROOT, Settings, secret_file
from hotline.city import City
from hotline.domain.category import SECOND
from nlu.engines.rasa import RasaUnderstander
from nlu.lexicon import write_city_dictionary
from nlu.training_data import ENTITIES, fingerprint, label_at, load_examples

Tell = Callable[[str], None]
Progress = Callable[[str, int, int], None]

_PROJECT: Final = ROOT / "nlu" / "rasa"
_PYTHON: Final = _PROJECT / ".venv" / "bin" / "python"
_TRAIN_SECONDS: Final = 1_500
_EXPECTED_SECONDS: Final = 180
_ENVIRONMENT: Final = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "ignore",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}


def model_file(settings: Settings, city: City) -> Path:
    """Return the model of the present data: one a folder, named by the data's hash."""
    files = sorted(_PROJECT.glob("*.yml")) + sorted(_PROJECT.glob("*.py"))
    name = fingerprint(city.name, *(file.read_bytes() for file in files))
    return settings.models_dir.parent / "nlu" / f"rasa-{name}" / f"hotline-{name}.tar.gz"


async def train_rasa(settings: Settings, city: City, progress: Progress, tell: Tell) -> bool:
    """Train Rasa unless it is trained for the present data; False when it has no environment or fails."""
    model = model_file(settings, city)
    if model.exists():
        return True
    if not _PYTHON.exists():
        tell("没有 Rasa 环境（需要 Python 3.10）：由进程内引擎理解")
        return False
    await asyncio.to_thread(_write_project, city, model)
    tell("训练 Rasa（两核约三分钟）")
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        str(_PYTHON), "-m", "rasa", "train", "nlu", "--nlu", str(model.parent / "nlu.yml"), "--config", "config.yml",
        "--domain", str(model.parent / "domain.yml"), "--out", str(model.parent / "fresh"),
        "--fixed-model-name", model.name.removesuffix(".tar.gz"),
        cwd=_PROJECT, env=_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=2**22,
    )  # fmt: skip
    printed: list[bytes] = []

    async def read() -> None:
        assert process.stdout is not None
        while chunk := await process.stdout.read(4_096):
            printed.append(chunk)

    reader = asyncio.create_task(read())
    try:
        async with asyncio.timeout(_TRAIN_SECONDS):
            while not reader.done():
                await asyncio.wait({reader}, timeout=2.0)
                spent = round(time.monotonic() - started)
                progress("训练 Rasa", min(spent, _EXPECTED_SECONDS - 1), _EXPECTED_SECONDS)
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    fresh = model.parent / "fresh" / model.name
    if process.returncode != 0 or not fresh.exists():
        (model.parent / "train.log").write_bytes(b"".join(printed))
        tell(f"Rasa 训练失败（日志：{model.parent / 'train.log'}）：由进程内引擎理解")
        return False
    fresh.replace(model)
    return True


def rasa_part(settings: Settings, city: City) -> Part | None:
    """Return the process that serves the trained model, or None when there is none."""
    model = model_file(settings, city)
    if not (_PYTHON.exists() and model.exists()):
        return None
    token = _token(settings)

    async def is_up() -> bool:
        async with httpx.AsyncClient(timeout=1.0, trust_env=False) as client:
            try:
                return (await client.get(f"{settings.rasa_url}/status?token={token}")).is_success
            except httpx.HTTPError:
                return False

    return Part(
        "rasa",
        [
            str(_PYTHON), "-m", "rasa", "run", "--enable-api", "-i", "127.0.0.1", "-p", str(settings.rasa_port),
            f"--auth-token={token}", "-m", str(model),  # one in 64 tokens begins with a dash
        ],
        is_up,
        environment=_environment(),
        is_optional=True,
        folder=_PROJECT,
    )  # fmt: skip


async def open_rasa(settings: Settings, city: City) -> RasaUnderstander | None:
    """Return the engine, if Rasa is to be used: its own server's, or the one at the URL that is set."""
    if settings.rasa_url is None:
        return None
    model = model_file(settings, city)
    if settings.rasa == "auto" and not (_PYTHON.exists() and model.exists()):
        return None
    return RasaUnderstander(
        settings.rasa_url, _token(settings), model=model.name if settings.rasa == "auto" else ""
    )


def _token(settings: Settings) -> str:
    return secret_file(settings.data_dir / "rasa_token", size=18)


def _environment() -> dict[str, str]:
    return {**os.environ, **_ENVIRONMENT}


def _write_project(city: City, model: Path) -> None:
    """Write what Rasa needs: the utterances with labels of the second level, the domain, the city's dictionary."""
    write_city_dictionary(city, _PROJECT / "dictionary" / "city.txt")
    by_label: defaultdict[str, list[str]] = defaultdict(list)
    for example in load_examples(city):
        by_label[label_at(example.label, SECOND)].append(f"- {example.marked}")
    model.parent.mkdir(parents=True, exist_ok=True)
    domain = {"version": "3.1", "intents": sorted(by_label), "entities": sorted(ENTITIES)}
    utterances = [
        {"intent": label, "examples": "\n".join(lines)} for label, lines in sorted(by_label.items())
    ]
    (model.parent / "nlu.yml").write_text(
        yaml.safe_dump({"version": "3.1", "nlu": utterances}, allow_unicode=True), encoding="utf-8"
    )
    (model.parent / "domain.yml").write_text(yaml.safe_dump(domain, allow_unicode=True), encoding="utf-8")
