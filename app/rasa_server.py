"""Rasa, which lives in an environment of its own: trained, and run as one of the machine's processes."""

from __future__ import annotations

import asyncio
import os
import tarfile
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import httpx
import structlog
import yaml

from app.processes import Part
from app.settings import ROOT, Settings, secret_file
from hotline.city import City, read_yaml
from nlu.engines.linear import model_name, packed_weights
from nlu.engines.rasa import RasaUnderstander
from nlu.lexicon import write_city_dictionary
from nlu.training_data import ENTITIES, fingerprint, intent_examples, load_examples

Tell = Callable[[str], None]
log: Final = structlog.get_logger("nlu")

CATEGORY_FILE: Final = "category.npz"
"""The category's arrays within Rasa's archive: without it the model is of another version."""

Progress = Callable[[str, int, int], None]

_PROJECT: Final = ROOT / "nlu" / "rasa"
_PYTHON: Final = _PROJECT / ".venv" / "bin" / "python"
_CATEGORY: Final = "category_classifier.CategoryClassifier"
_TRAIN_SECONDS: Final = 1_500
_EXPECTED_SECONDS: Final = 180
_ENVIRONMENT: Final = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "ignore",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}


def nlu_folder(settings: Settings) -> Path:
    """Return where trained models are kept: beside the speech models, so that every data folder shares them."""
    return settings.models_dir.parent / "nlu"


def model_file(settings: Settings, city: City) -> Path:
    """Return the model of the present data: one a folder, named by the hash of what it is made of."""
    files = sorted(_PROJECT.glob("*.yml")) + sorted(_PROJECT.glob("*.py"))
    name = fingerprint(city.name, model_name(city), *(file.read_bytes() for file in files))
    return nlu_folder(settings) / f"rasa-{name}" / f"hotline-{name}.tar.gz"


def is_installed() -> bool:
    """Return whether Rasa has its environment here; it needs Python 3.10."""
    return _PYTHON.exists()


async def train_rasa(settings: Settings, city: City, progress: Progress, tell: Tell) -> bool:
    """Train Rasa unless it is trained for the present data; False when it has no environment or fails."""
    model = model_file(settings, city)
    if model.exists():
        return True
    if not is_installed():
        tell("没有 Rasa 环境（需要 Python 3.10）：由进程内引擎理解")
        return False
    await asyncio.to_thread(_write_project, settings, city, model)
    tell("训练 Rasa（两核约三分钟）")
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        str(_PYTHON), "-m", "rasa", "train", "nlu", "--nlu", str(model.parent / "nlu.yml"), "--config", str(model.parent / "config.yml"),
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


def rasa_parts(settings: Settings, city: City) -> tuple[Part, ...]:
    """Return the processes that serve the model in force; none when there is no model or no environment."""
    model = model_in_force(settings, city)
    if model is None:
        return ()
    token = _token(settings)
    return tuple(
        _part("rasa" if number == 0 else f"rasa-{number + 1}", settings.rasa_port + number, model, token)
        for number in range(settings.rasa_processes)
    )


def _part(name: str, port: int, model: Path, token: str) -> Part:
    async def is_up() -> bool:
        async with httpx.AsyncClient(timeout=1.0, trust_env=False) as client:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/status?token={token}")).is_success
            except httpx.HTTPError:
                return False

    return Part(
        name,
        [
            str(_PYTHON), "-m", "rasa", "run", "--enable-api", "-i", "127.0.0.1", "-p", str(port),
            f"--auth-token={token}", "-m", str(model),  # one in 64 tokens begins with a dash
        ],
        is_up,
        environment=_environment(),
        is_optional=True,
        folder=_PROJECT,
    )  # fmt: skip


def model_in_force(settings: Settings, city: City) -> Path | None:
    """Return the model of the present data or, failing that, the newest whole one; None when Rasa cannot run."""
    if not is_installed():
        return None
    wanted = model_file(settings, city)
    others = sorted(
        nlu_folder(settings).glob("rasa-*/hotline-*.tar.gz"),
        key=lambda file: file.stat().st_mtime,
        reverse=True,
    )
    for file in (wanted, *(other for other in others if other != wanted)):
        reason = _refused(file)
        if reason is None:
            return file
        log.error("model.refused", model="rasa", file=str(file), reason=reason)
    return None


def _refused(file: Path) -> str | None:
    """Return why an archive cannot be used: half-written, without the category, or not there."""
    if not file.exists():
        return "没有训练或语料已改变，请运行 hotline setup"
    try:
        with tarfile.open(file) as archive:
            names = archive.getnames()
    except (OSError, EOFError, tarfile.TarError, zlib.error):
        return "模型文件损坏，请运行 hotline setup"
    return (
        None if any(name.endswith(CATEGORY_FILE) for name in names) else "别的版本写的，请运行 hotline setup"
    )


async def open_rasa(settings: Settings, city: City) -> RasaUnderstander | None:
    """Return the engine, if Rasa is to be used: its own servers', or those at the URLs that are set."""
    if not settings.rasa_urls:
        return None
    if settings.rasa != "auto":
        return RasaUnderstander(settings.rasa_urls, _token(settings))
    model = model_in_force(settings, city)
    return None if model is None else RasaUnderstander(settings.rasa_urls, _token(settings), model=model.name)


def _token(settings: Settings) -> str:
    return secret_file(settings.data_dir / "rasa_token", size=18)


def _environment() -> dict[str, str]:
    return {**os.environ, **_ENVIRONMENT}


def _write_project(settings: Settings, city: City, model: Path) -> None:
    """Write what Rasa needs: configuration, utterances, domain, and the city's dictionary."""
    write_city_dictionary(city, _PROJECT / "dictionary" / "city.txt")
    model.parent.mkdir(parents=True, exist_ok=True)
    config = read_yaml(_PROJECT / "config.yml")
    for component in config["pipeline"]:
        if component["name"] == _CATEGORY:
            component["weights"] = str(packed_weights(city, nlu_folder(settings), model.parent))
    _write(model.parent / "config.yml", config)
    by_label: dict[str, list[str]] = {}
    for example in intent_examples(load_examples(city)):
        by_label.setdefault(example.label, []).append(f"- {example.marked}")
    utterances = [
        {"intent": label, "examples": "\n".join(lines)} for label, lines in sorted(by_label.items())
    ]
    _write(model.parent / "nlu.yml", {"version": "3.1", "nlu": utterances})
    domain = {"version": "3.1", "intents": sorted(by_label), "entities": sorted(ENTITIES)}
    _write(model.parent / "domain.yml", domain)


def _write(file: Path, content: Mapping[str, object]) -> None:
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
