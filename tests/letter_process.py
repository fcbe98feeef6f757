"""A hotline's letters as a process of its own, to be killed: ``python -m tests.letter_process FOLDER WECHAT PORT``; its database is laid out."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from hotline.service.correspondence import Correspondence, LetterPace
from hotline.store.letters import SqlLetters
from hotline.store.sql import SqlStore
from tests.letter_office import SEAL, ByHeart, office_for
from tests.receiver import serving
from tests.wechat import WeChatServer

PACE = LetterPace(lease=timedelta(seconds=1.5), stranded=timedelta(seconds=4), look_seconds=0.2)


class Thoughtful(ByHeart):
    delay = 1.0


async def main(folder: Path, wechat_url: str, port: int) -> None:
    """Take letters and deliver answers until killed."""
    url = f"sqlite+aiosqlite:///{folder / 'hotline.sqlite3'}"
    store = SqlStore(url, SEAL)
    kept: list[FastAPI] = []

    def keep(app: FastAPI, _: Correspondence, __: SqlLetters) -> None:
        app.get("/healthz")(lambda: {"status": "ok"})
        kept.append(app)

    wechat = WeChatServer(url=wechat_url)
    async with (
        office_for(
            wechat,
            store,
            folder,
            pace=PACE,
            wait_seconds=0.8,
            served=False,
            more=keep,
            understander=Thoughtful(),
        ) as office,
        serving(kept[0], port),
    ):
        await office.delivery.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
