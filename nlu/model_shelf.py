"""Where trained models are kept: written whole or not at all, refused by name when unsound, the last good one stays."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotline.domain.errors import ModelRefusedError

_DIGEST_BYTES: Final = hashlib.sha256().digest_size
_KEPT: Final = 3


@dataclass(frozen=True, slots=True)
class ModelShelf:
    """The models of one kind in a folder. ``mark`` stands before each: another kind or version does not pass for one."""

    folder: Path
    kind: str
    mark: bytes

    def file(self, name: str) -> Path:
        """Return where the model called ``name`` is or will be."""
        return self.folder / f"{self.kind}-{name}.model"

    def put(self, name: str, content: bytes) -> Path:
        """Store a model and forget the oldest; a crash leaves the one before untouched."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.file(name)
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".new", delete=False) as fresh:
            fresh.write(self.mark + hashlib.sha256(content).digest() + content)
        Path(fresh.name).replace(file)
        for old in [other for other in self._newest_first() if other != file][_KEPT - 1 :]:
            old.unlink(missing_ok=True)
            old.with_suffix(".override.json").unlink(missing_ok=True)
        return file

    def read(self, file: Path) -> bytes:
        """Return a stored model; its hash stands before it, and nothing that fails it is ever used."""
        try:
            stored = file.read_bytes()
        except OSError:
            raise self._refused(file, "没有训练或语料已改变，请运行 hotline setup") from None
        if not stored.startswith(self.mark):
            raise self._refused(file, "不是这种模型，或者是别的版本写的，请运行 hotline setup")
        stored = stored[len(self.mark) :]
        content = stored[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != stored[:_DIGEST_BYTES]:
            raise self._refused(file, "模型文件损坏，请运行 hotline setup")
        return content

    def holds(self, name: str) -> bool:
        """Tell whether a sound model called ``name`` is here."""
        try:
            self.read(self.file(name))
        except ModelRefusedError:
            return False
        return True

    def candidates(self, name: str) -> Iterator[Path]:
        """Yield the model called ``name``, then the others, the newest first: the last good one among them stays."""
        wanted = self.file(name)
        yield wanted
        yield from (file for file in self._newest_first() if file != wanted)

    def _newest_first(self) -> list[Path]:
        return sorted(
            self.folder.glob(f"{self.kind}-*.model"), key=lambda file: file.stat().st_mtime, reverse=True
        )

    def _refused(self, file: Path, reason: str) -> ModelRefusedError:
        return ModelRefusedError(model=self.kind, file=str(file), reason=reason)
