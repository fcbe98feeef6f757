"""A private PostgreSQL server on the loopback, for tests: it is started, frozen, stopped and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from hotline.store.sql import migrate


class PostgresServer:
    """One server on a free port, with its data in ``folder``."""

    def __init__(self, folder: Path) -> None:
        """Make a fresh cluster; skip the test when no server is installed."""
        programs = _server_programs()
        if programs is None:
            pytest.skip("no PostgreSQL server: initdb and postgres were found nowhere")
        self._programs, self._folder = programs, folder
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = pwd.getpwnam("postgres" if _has_account("postgres") else "nobody")
            for parent in (folder, *folder.parents[:3]):  # one more where several processes share the suite
                parent.chmod(parent.stat().st_mode | 0o055)
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "hotline", "-E", "UTF8", "--no-sync"],
            check=True, capture_output=True, cwd=folder, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            **self._user,
        )  # fmt: skip
        self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+asyncpg://hotline@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._folder / "data", "-p", str(self._port), "-h", "127.0.0.1",
                 "-k", "", "-c", "fsync=off", "-c", "autovacuum=off"],
                stdout=log, stderr=log, cwd=self._folder, **self._user,
            )  # fmt: skip

    def stop(self) -> None:
        """Stop at once, whoever is connected."""
        if self._process.poll() is None:
            self.signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=20)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and all its processes (SIGSTOP: it is there, but never answers)."""
        server = psutil.Process(self._process.pid)
        for process in (server, *server.children(recursive=True)):
            with contextlib.suppress(
                psutil.NoSuchProcess
            ):  # it served a connection that has just been given up
                process.send_signal(number)

    async def new_database(self, name: str) -> str:
        """Wait until the server answers, make a database with all its tables and return its URL."""
        connection = await self._connected()
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = 'laid_out'"):
                await connection.execute("DROP DATABASE IF EXISTS being_laid_out")
                await connection.execute("CREATE DATABASE being_laid_out")
                await migrate(self.url("being_laid_out"))
                await connection.execute("ALTER DATABASE being_laid_out RENAME TO laid_out")
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE laid_out')
        finally:
            await connection.close()
        return self.url(name)

    async def _connected(self) -> Any:
        for _ in range(300):
            try:
                return await asyncpg.connect(self.url().replace("+asyncpg", ""))
            except (OSError, asyncpg.CannotConnectNowError):
                assert self._process.poll() is None, (self._folder / "log").read_text()
                await asyncio.sleep(0.1)
        raise AssertionError("PostgreSQL did not come up: " + (self._folder / "log").read_text())


def _server_programs() -> Path | None:
    for folder in (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/local/bin")):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def _has_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
