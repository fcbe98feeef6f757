"""The index that follows the database: known everywhere at once, answering on while the database is away or it is damaged."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hotline.domain.article_life import ArticleStep
from hotline.store.knowledge import SqlKnowledge, VersionChange
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from knowledge_base.engines.live import LiveRetriever
from knowledge_base.engines.tantivy_index import IndexDamagedError, TantivyIndex
from knowledge_base.wording import load_wording
from tests.articles import REVIEWER, published
from tests.builders import LINYI, NOW, after
from tests.contracts.conftest import SECRET
from tests.databases import lay_out

WORDING = load_wording(LINYI / "lexicon" / "synonyms.yaml")
ON = date(2026, 11, 23)
HEATING = published()
RESIDENCE = published(
    id="A0501-09",
    title="居住证怎么办",
    questions=("居住证到期怎么续签",),
    spoken="住满半年可以申领。",
    full="住满半年可以申领。",
    category="0501",
)


class Base:
    """A database, and processes that search it."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.url = f"sqlite+aiosqlite:///{folder / 'hotline.sqlite3'}"

    async def open(self) -> None:
        await lay_out(self.url)
        self.store = SqlStore(self.url, Seal(SECRET))
        self.stack.push_async_callback(self.store.close)
        self.kept = SqlKnowledge(self.store.database, Seal(SECRET))

    async def process(self) -> LiveRetriever:
        live = LiveRetriever(self.kept, self.folder / "index", WORDING)
        await live.open(self.stack)
        return live


@pytest.fixture
async def base(tmp_path: Path) -> AsyncIterator[Base]:
    async with AsyncExitStack() as stack:
        made = Base(tmp_path, stack)
        await made.open()
        await made.kept.commit(VersionChange(HEATING), VersionChange(RESIDENCE), at=NOW)
        yield made


async def found(live: LiveRetriever, text: str) -> list[str]:
    return [passage.article.title for passage in await live.retrieve(text, on=ON)]


async def soon(happens: Callable[[], Awaitable[bool]], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not await happens():
            await asyncio.sleep(0.05)


async def test_what_is_published_and_retired_is_known_in_every_process(base: Base) -> None:
    processes = [await base.process() for _ in range(2)]
    newer = replace(RESIDENCE, article=replace(RESIDENCE.article, version=2, title="暂住证怎么办"))
    replaced = RESIDENCE.after(ArticleStep.REPLACE, by=REVIEWER, at=after(1))
    await base.kept.commit(VersionChange(replaced, RESIDENCE.revision), VersionChange(newer), at=after(1))

    async def is_new() -> bool:
        return [await found(live, "暂住证") for live in processes] == [["暂住证怎么办"]] * 2

    await soon(is_new)
    retired = newer.after(ArticleStep.RETIRE, by=REVIEWER, at=after(2), note="有误")
    await base.kept.commit(VersionChange(retired, newer.revision), at=after(2))

    async def is_gone() -> bool:
        return [await found(live, "暂住证") for live in processes] == [[]] * 2

    await soon(is_gone)


async def test_while_the_database_is_away_answers_go_on_and_a_new_process_uses_what_is_on_the_disk(
    base: Base,
) -> None:
    live = await base.process()
    (base.folder / "hotline.sqlite3").rename(base.folder / "away")
    await asyncio.sleep(1)
    assert await found(live, "居住证") == ["居住证怎么办"]
    started_without = await base.process()
    assert await found(started_without, "居住证") == ["居住证怎么办"]
    (base.folder / "away").rename(base.folder / "hotline.sqlite3")
    await base.kept.commit(VersionChange(published(id="A0101-02", title="路灯报修")), at=after(1))

    async def is_known() -> bool:
        return [await found(one, "路灯报修") for one in (live, started_without)] == [["路灯报修"]] * 2

    await soon(is_known)


@pytest.mark.parametrize("harm", ["a file lost", "a file altered", "all lost"])
async def test_a_damaged_index_is_built_anew_while_answers_go_on(base: Base, harm: str) -> None:
    live = await base.process()
    (place,) = (base.folder / "index").glob("index-*")
    store = min(place.glob("*.store"))
    match harm:
        case "a file lost":
            store.unlink()
        case "a file altered":
            other = store.with_suffix(".other")
            other.write_bytes(store.read_bytes()[::-1])
            other.replace(store)
        case _:
            shutil.rmtree(place)
    assert await found(live, "居住证") == ["居住证怎么办"]
    fresh = await base.process()
    assert await found(fresh, "居住证") == ["居住证怎么办"]
    await base.kept.commit(VersionChange(published(id="A0101-02", title="路灯报修")), at=after(1))

    async def is_known() -> bool:
        return [await found(one, "路灯报修") for one in (live, fresh)] == [["路灯报修"]] * 2

    await soon(is_known, 20)


async def test_an_index_of_another_database_is_not_believed(base: Base, tmp_path: Path) -> None:
    await base.process()
    (base.folder / "other").mkdir()
    async with AsyncExitStack() as stack:
        other = Base(base.folder / "other", stack)
        await other.open()
        await other.kept.commit(VersionChange(published(id="A0101-02", title="路灯报修")), at=NOW)
        shutil.copytree(base.folder / "index", other.folder / "index")
        live = await other.process()
        assert (await found(live, "居住证"), await found(live, "路灯报修")) == ([], ["路灯报修"])


async def test_an_index_that_cannot_be_written_for_a_while_is_tried_again_until_it_can(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, written, failures = await base.process(), TantivyIndex.write, count(1)
    assert await found(live, "居住证") == ["居住证怎么办"]

    def without_space(index: TantivyIndex, *given: Any) -> None:
        if next(failures) <= 4:  # an update, and what is then built anew, look after look
            raise IndexDamagedError("index", "OSError")
        written(index, *given)

    monkeypatch.setattr(TantivyIndex, "write", without_space)
    monkeypatch.setattr("knowledge_base.engines.live._PAUSE_SECONDS", 0.1)
    retired = RESIDENCE.after(ArticleStep.RETIRE, by=REVIEWER, at=after(1), note="有误")
    await base.kept.commit(VersionChange(retired, RESIDENCE.revision), at=after(1))

    async def is_gone() -> bool:
        return await found(live, "居住证") == []

    await soon(is_gone, 20)
    assert next(failures) > 4
