"""The catalogue of speech models (模型目录): what there is, where it comes from, and that it is what it should be.

A model is installed whole or not at all: everything is gathered in a folder beside its place, checked by SHA-256, and
the folder is renamed into place last. A download that broke off goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.resources
import json
import shutil
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from asr.download import CHUNK, Count, DownloadError, download
from asr.npm import NpmError, fetch_files
from hotline.domain.errors import HotlineError, ModelRefusedError

_STAMP: Final = ".verified"

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
    """One file of a model, pinned by its SHA-256, and where it comes from.

    ``packages`` are the parts it is joined of (``package/file`` of Python packages); ``url`` with ``size`` in bytes is
    a download. With neither, the file comes with the model's archive or npm package.
    """

    name: str
    sha256: str
    packages: tuple[str, ...] = ()
    url: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model. ``size`` is what is fetched, in bytes. It comes file by file, or as an ``npm`` package, or as an archive.

    The archive at ``url`` (zip or tar) is pinned as a whole by ``sha256``.
    """

    name: str
    purpose: str
    licence: str
    size: int
    files: tuple[ModelFile, ...] = ()
    npm: str = ""
    url: str = ""
    sha256: str = ""

    @property
    def source(self) -> str:
        """Where it comes from, for people."""
        urls = [self.url, *(one.url for one in self.files)]
        packages = {part.partition("/")[0] for one in self.files for part in one.packages}
        return " ".join(filter(None, (*urls, self.npm and f"npm {self.npm}", *sorted(packages))))


def catalogue(file: Path | None = None) -> dict[str, ModelEntry]:
    """Return all models by name, of ``file`` or of the project's own list."""
    text = (file or Path(__file__).with_suffix(".toml")).read_text(encoding="utf-8")
    return {
        name: ModelEntry(
            name=name,
            files=tuple(
                ModelFile(**{**one, "packages": tuple(one.get("packages", ()))})
                for one in row.pop("files", ())
            ),
            **row,
        )
        for name, row in tomllib.loads(text).items()
    }


def is_installed(entry: ModelEntry, models: Path) -> bool:
    """Tell whether the model is in its folder, unchanged since it was verified (sizes and times; no hashing)."""
    folder = models / entry.name
    stamp = _stamp(folder)
    if stamp.get("pinned") != _pins(entry):
        return False
    try:
        return all(
            [(status := (folder / name).stat()).st_size, status.st_mtime_ns] == kept[:2]
            for name, kept in stamp["files"].items()
        )
    except OSError:
        return False


def fetch(entry: ModelEntry, models: Path, progress: Progress, *, archive: Path | None = None) -> Path:
    """Install the model under ``models`` unless it is there already, and return its folder.

    ``archive`` is the model's archive as a local file, for machines without a network. Raises ``ModelRefusedError`` for
    content that is not the pinned one, ``ModelUnavailableError`` when it cannot be had.
    """
    folder = models / entry.name
    if is_installed(entry, models):
        return folder
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _locked(
            models / f".{entry.name}.lock", partial(progress, f"等待另一个进程安装 {entry.name}", 0, 0)
        ):
            if not is_installed(entry, models):
                _install(entry, models, progress, archive)
    except OSError as error:
        raise ModelUnavailableError(
            model=entry.name, reason=f"读写失败：{error.strerror or error}（{error.filename or models}）"
        ) from error
    except (DownloadError, NpmError) as error:
        raise ModelUnavailableError(model=entry.name, reason=str(error)) from error
    return folder


def verify(entry: ModelEntry, models: Path, progress: Progress) -> list[ModelRefusedError]:
    """Hash every file of an installed model and return what is wrong; nothing when all is well."""
    folder = models / entry.name
    kept = _stamp(folder).get("files", {})
    if not folder.is_dir() or not (kept or entry.files):
        return [ModelRefusedError(model=entry.name, file=str(folder), reason="没有安装")]
    pinned = {name: row[2] for name, row in kept.items()} | {one.name: one.sha256 for one in entry.files}
    return list(_wrong_files(entry.name, folder, pinned, progress))


def _install(entry: ModelEntry, models: Path, progress: Progress, archive: Path | None) -> None:
    folder, fresh, old = (models / f"{before}{entry.name}" for before in ("", ".new-", ".old-"))
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        if entry.url:
            _unpack(entry, archive or _downloaded(entry, models, progress), fresh, progress)
            (models / f".{entry.name}.part").unlink(missing_ok=True)
        elif entry.npm:
            progress(f"获取 {entry.npm}", 0, 0)
            fetch_files(entry.npm, {one.name for one in entry.files}, fresh)
        else:
            _gather(entry, models, fresh, progress)
        for problem in _wrong_files(
            entry.name, fresh, {one.name: one.sha256 for one in entry.files}, progress
        ):
            raise problem
        _write_stamp(entry, fresh)
        shutil.rmtree(old, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _pins(entry: ModelEntry) -> list[str]:
    return [entry.sha256, *(one.sha256 for one in entry.files)]


def _stamp(folder: Path) -> dict[str, Any]:
    try:
        stamp = json.loads((folder / _STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(entry: ModelEntry, folder: Path) -> None:
    known = {one.name: one.sha256 for one in entry.files}
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        digest = known.get(name) or _sha256(path, lambda _, __: None)
        files[name] = [path.stat().st_size, path.stat().st_mtime_ns, digest]
    (folder / _STAMP).write_text(json.dumps({"pinned": _pins(entry), "files": files}))


def _wrong_files(
    model: str, folder: Path, pinned: dict[str, str], progress: Progress
) -> Iterator[ModelRefusedError]:
    for name, sha256 in pinned.items():
        path = folder / name
        if not path.is_file():
            yield ModelRefusedError(model=model, file=str(path), reason="文件缺失")
        elif _sha256(path, partial(progress, f"校验 {name}")) != sha256:
            yield ModelRefusedError(model=model, file=str(path), reason="内容与登记的 SHA-256 不符")


def _sha256(path: Path, progress: Count) -> str:
    digest, size, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(done, size)
    return digest.hexdigest()


def _gather(entry: ModelEntry, models: Path, folder: Path, progress: Progress) -> None:
    """Bring the files one by one: joined of packages' parts, or downloaded."""
    for one in entry.files:
        if one.url:
            part = models / f".{entry.name}.{one.name}.part"
            download(one.url, part, size=one.size, progress=partial(progress, f"下载 {one.name}"))
            part.rename(folder / one.name)
            continue
        with (folder / one.name).open("wb") as out:
            for part_name in one.packages:
                package, _, inside = part_name.partition("/")
                try:
                    source = importlib.resources.files(package).joinpath(inside).open("rb")
                except (ModuleNotFoundError, FileNotFoundError):
                    raise ModelUnavailableError(
                        model=entry.name, reason=f"没有安装软件包 {package}，请重新运行 make setup"
                    ) from None
                with source:
                    while chunk := source.read(CHUNK):
                        out.write(chunk)
                        progress(f"拼接 {one.name}", out.tell(), entry.size)


def _downloaded(entry: ModelEntry, models: Path, progress: Progress) -> Path:
    part = models / f".{entry.name}.part"
    download(entry.url, part, size=entry.size, progress=partial(progress, f"下载 {entry.name}"))
    return part


def _unpack(entry: ModelEntry, archive: Path, folder: Path, progress: Progress) -> None:
    """Unpack the archive, without its own top folder; raise ``ModelRefusedError`` unless it is the pinned one."""
    if _sha256(archive, partial(progress, "校验压缩包")) != entry.sha256:
        (folder.parent / f".{entry.name}.part").unlink(missing_ok=True)  # going on with it would be of no use
        raise ModelRefusedError(model=entry.name, file=str(archive), reason="压缩包与登记的 SHA-256 不符")
    progress(f"解压 {entry.name}", 0, 0)
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, folder)
        else:
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")  # refuses what would leave the folder
    except (zipfile.BadZipFile, tarfile.TarError, ValueError) as error:
        raise ModelRefusedError(
            model=entry.name, file=str(archive), reason=f"压缩包不能解开：{error}"
        ) from error
    tops = list(folder.iterdir())
    if len(tops) == 1 and tops[0].is_dir():
        top = tops[0].rename(folder.parent / f".top-{entry.name}")
        folder.rmdir()
        top.rename(folder)


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise ValueError(f"有越界的路径 {name}")
        packed.extractall(folder)  # noqa: S202 -- every name was checked above


@contextlib.contextmanager
def _locked(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Let one process at a time install a model; the kernel frees the lock of one that dies."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
