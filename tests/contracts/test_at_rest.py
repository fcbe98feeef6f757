"""The key at rest is made once: never beside a database that holds what another key sealed. SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.at_rest import KeyMissingError, seal_of
from app.settings import Settings
from hotline.domain.errors import StoreUnavailableError
from hotline.store.sql import SqlStore
from tests.builders import NOW


def settings_of(store: SqlStore, tmp_path: Path) -> Settings:
    url = store.database.engine.url.render_as_string(hide_password=False)
    return Settings(data_dir=tmp_path / "data", database=url)


async def test_a_key_is_made_while_nothing_is_sealed_and_kept(store: SqlStore, tmp_path: Path) -> None:
    settings = settings_of(store, tmp_path)
    sealed = seal_of(settings).close(b"13905390001", "work_order:1")
    assert seal_of(settings).open(sealed, "work_order:1") == b"13905390001"


async def test_no_other_key_is_made_when_the_one_that_sealed_is_gone(store: SqlStore, tmp_path: Path) -> None:
    settings = settings_of(store, tmp_path)
    key = settings.data_dir / "at_rest.key"
    seal_of(settings)
    await store.append("c1", 1, NOW, "Said", {"text": "暖气不热"})
    kept = key.rename(tmp_path / "backup.key")
    with pytest.raises(KeyMissingError, match=f"{key}.*从备份"):
        seal_of(settings)
    assert not key.exists()
    kept.rename(key)
    seal_of(settings)


def test_a_database_that_is_not_there_yet_holds_nothing_and_one_that_is_away_cannot_be_told(
    tmp_path: Path,
) -> None:
    seal_of(Settings(data_dir=tmp_path / "first"))
    away = Settings(data_dir=tmp_path / "second", database="postgresql+asyncpg://hotline@127.0.0.1:9/hotline")
    with pytest.raises(StoreUnavailableError):
        seal_of(away)
    assert not (away.data_dir / "at_rest.key").exists()
