"""Real databases for the store's contract: SQLite always, PostgreSQL where its server is installed."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore, migrate

SECRET = "tests only: " + "x" * 32


def _server_programs() -> Path | None:
    for folder in (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/local/bin")):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A private PostgreSQL server on a free port of the loopback, gone after the tests."""
    programs = _server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server: initdb and postgres were found nowhere")
    folder = tmp_path_factory.mktemp("postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        account = pwd.getpwnam("postgres" if _has_account("postgres") else "nobody")
        for parent in (folder, *folder.parents[:2]):
            parent.chmod(0o755)
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-A", "trust", "-U", "hotline", "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True, cwd=folder, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, **user,
    )  # fmt: skip
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **user,
    )  # fmt: skip
    try:
        yield f"postgresql+asyncpg://hotline@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _has_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    else:
        url = await _fresh_database(request.getfixturevalue("postgres_url"), tmp_path.name)
    await migrate(url)
    store = SqlStore(url, Seal(SECRET))
    yield store
    await store.close()


async def _fresh_database(url: str, name: str) -> str:
    for _ in range(100):
        try:
            connection = await asyncpg.connect(url.replace("+asyncpg", ""))
            break
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.1)
    else:
        raise AssertionError("PostgreSQL did not come up")
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    return url.rpartition("/")[0] + f"/{name}"
