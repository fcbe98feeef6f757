"""Downloads that go on where they broke off, in this run or a later one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx

CHUNK: Final = 1 << 20
_FRUITLESS_TRIES: Final = 4
_PAUSE_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 30.0
_SPARE_BYTES: Final = 64 << 20

Count = Callable[[int, int], None]
"""Is told how many bytes are done, and of how many (0 when unknown)."""


class DownloadError(Exception):
    """The download could not be completed; the text says why, in Chinese. What has come is kept for the next try."""


def download(
    url: str, file: Path, *, size: int, progress: Count, pause: Callable[[float], None] = time.sleep
) -> None:
    """Bring ``url`` to ``file``, of ``size`` bytes, going on after what is there already; raise ``DownloadError``.

    It is tried again as long as something comes; ``pause`` waits between tries.
    """
    fruitless, reason = 0, ""
    while (have := _bytes_of(file, at_most=size)) < size:
        if fruitless:
            if fruitless == _FRUITLESS_TRIES:
                raise DownloadError(f"下载没有完成（{have}/{size} 字节）：{reason}")
            pause(_PAUSE_SECONDS * fruitless)
        _check_space(file.parent, size - have)
        try:
            _receive(url, file, have, size, progress)
            reason = "连接提前结束"
        except httpx.HTTPStatusError as error:
            reason = f"服务器答复 {error.response.status_code}"
            if error.response.is_client_error:
                raise DownloadError(f"下载地址不可用：{reason}（{url}）") from None
        except httpx.HTTPError as error:
            reason = f"连接失败（{type(error).__name__}）"
        fruitless = fruitless + 1 if _bytes_of(file, at_most=size) <= have else 0


def _receive(url: str, file: Path, have: int, size: int, progress: Count) -> None:
    """Append the rest to ``file``, or write it anew when the server does not give the rest alone."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with httpx.stream("GET", url, headers=headers, timeout=_ANSWER_SECONDS, follow_redirects=True) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            file.unlink()
            return
        answer.raise_for_status()
        is_rest = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with file.open("ab" if have and is_rest else "wb") as out:
            for (
                chunk
            ) in answer.iter_raw():  # as it comes: what a full buffer waits for is lost when the line breaks
                out.write(chunk)
                progress(out.tell(), size)
                if out.tell() > size:
                    raise DownloadError(f"下载内容超过登记的大小（{size} 字节）：{url}")


def _bytes_of(file: Path, *, at_most: int) -> int:
    """Return how much of the file is there; one that is too large is another file's, and is removed."""
    try:
        have = file.stat().st_size
    except FileNotFoundError:
        return 0
    if have > at_most:
        file.unlink()
        return 0
    return have


def _check_space(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted + _SPARE_BYTES:
        raise DownloadError(f"磁盘空间不足：还要 {wanted >> 20} MB，{folder} 只剩 {free >> 20} MB")
