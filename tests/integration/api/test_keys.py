"""Keys and kept answers, on every database; and the commands that make, list and revoke keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from app.commands_keys import cli
from hotline.domain.errors import UnknownUnitError
from hotline.domain.life_cycle import Status
from hotline.store.access_keys import SqlAccessKeys
from hotline.store.database import Database
from hotline.store.kept_answers import KeptAnswer, SqlKeptAnswers
from hotline.store.order_search import SqlOrderSearch
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import kept_answers
from tests.builders import NOW, an_appeal
from tests.databases import lay_out
from tests.integration.api.conftest import SECRET
from tests.postgres import PostgresServer
from tests.work_orders import an_order, keep

SEAL = Seal(SECRET)
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    found: str = await request.getfixturevalue("postgres").new_database(tmp_path.name)
    return found


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    await lay_out(url)
    database = Database(url)
    yield database
    await database.close()


async def test_a_key_opens_until_it_is_revoked(database: Database) -> None:
    keys = SqlAccessKeys(database, SEAL)
    one, two = await keys.add("unit:a", by="x", at=NOW), await keys.add("app:b", by="x", at=NOW + MINUTE)
    assert await keys.holder(one, at=NOW) == "unit:a"
    assert await keys.holder(two, at=NOW) == "app:b"
    assert await keys.holder(one + "x", at=NOW) is None
    assert await keys.holder(f"{one.partition('.')[0]}.{two.partition('.')[2]}", at=NOW) is None
    assert await keys.revoke(one.partition(".")[0], by="x", at=NOW + MINUTE)
    assert await keys.holder(one, at=NOW) is None
    newest, oldest = await keys.listed()
    assert (newest.holder, newest.used_at, oldest.revoked_at) == ("app:b", NOW, NOW + MINUTE)


async def test_a_key_made_with_another_secret_opens_nothing(database: Database) -> None:
    key = await SqlAccessKeys(database, SEAL).add("unit:a", by="x", at=NOW)
    assert await SqlAccessKeys(database, Seal("other: " + "y" * 32)).holder(key, at=NOW) is None


async def test_the_first_answer_is_kept_for_a_day(database: Database) -> None:
    answers = SqlKeptAnswers(database, SEAL)
    assert await answers.begin("unit:a", "k", "d1", at=NOW) is None
    assert await answers.begin("unit:a", "k", "d1", at=NOW) == KeptAnswer("d1", None, b"")
    await answers.keep("unit:a", "k", 200, b"{}")
    assert await answers.begin("unit:a", "k", "d2", at=NOW + 23 * 60 * MINUTE) == KeptAnswer("d1", 200, b"{}")
    assert await answers.begin("unit:b", "k", "d1", at=NOW) is None
    assert await answers.begin("unit:a", "k", "d1", at=NOW + 25 * 60 * MINUTE) is None
    async with database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(kept_answers))).scalar_one() == 1


async def test_of_many_who_begin_at_once_one_is_the_first(database: Database) -> None:
    answers = SqlKeptAnswers(database, SEAL)
    found = await asyncio.gather(*(answers.begin("unit:a", "k", "d", at=NOW) for _ in range(8)))
    assert sum(each is None for each in found) == 1


async def test_what_came_to_nothing_may_begin_anew(database: Database) -> None:
    answers = SqlKeptAnswers(database, SEAL)
    await answers.begin("unit:a", "k", "d", at=NOW)
    await answers.forget("unit:a", "k")
    assert await answers.begin("unit:a", "k", "d", at=NOW) is None


async def test_orders_are_found_by_all_that_is_given(url: str, database: Database) -> None:
    store = SqlStore(url, SEAL)
    await keep(store, *(an_order(f"2611230000{n}", minutes=n) for n in (1, 2)))
    await keep(
        store, an_order("26112300003", minutes=3, appeal=an_appeal(category="0102"), conversation="c3")
    )
    search = SqlOrderSearch(database, SEAL)

    async def found(**given: object) -> list[str]:
        return [order.number[-1] for order in await search.find(**given)]  # type: ignore[arg-type]

    assert await found() == ["1", "2", "3"]
    assert await found(newest_first=True, limit=2) == ["3", "2"]
    assert await found(categories=["0102"], statuses=[Status.TO_SIGN]) == ["3"]
    assert await found(statuses=[Status.HANDLING]) == []
    assert await found(registered=(NOW + MINUTE, NOW + 2 * MINUTE)) == ["1"]
    assert await found(numbers=["26112300002", "26112399999"]) == ["2"]
    assert await found(unit="county-371302", after="26112300001") == ["2", "3"]
    assert await search.of_conversation("c3") == "26112300003"
    assert await search.of_conversation("c9") is None
    await store.close()


def test_keys_are_made_listed_and_revoked_on_the_command_line(tmp_path: Path) -> None:
    def run(*words: str) -> str:
        result = CliRunner().invoke(cli, [*words, "--data-dir", str(tmp_path)])
        assert result.exit_code == 0, result.output
        return result.output.strip()

    key = run("add", "county-371302")
    run("add", "wechat", "--app")
    rows = json.loads(run("list", "--json"))
    assert [row["holder"] for row in rows] == ["app:wechat", "unit:county-371302"]
    assert key.partition(".")[2] not in json.dumps(rows)
    assert run("revoke", key.partition(".")[0]) == "已吊销。"
    assert "已吊销" in run("list")
    again = CliRunner().invoke(cli, ["revoke", key.partition(".")[0], "--data-dir", str(tmp_path)])
    assert again.exit_code == 2


def test_no_key_is_made_for_a_unit_that_is_not_listed(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["add", "body-moon", "--data-dir", str(tmp_path)])
    assert isinstance(result.exception, UnknownUnitError)
    badly = CliRunner().invoke(cli, ["add", "wechat app!", "--app", "--data-dir", str(tmp_path)])
    assert badly.exit_code == 2
