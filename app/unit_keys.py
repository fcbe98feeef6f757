"""Keys of handling units and apps, opened from the settings for the command line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from app.at_rest import seal_of
from app.programs import APP_HOLDER, UNIT_HOLDER
from app.settings import Settings
from app.wiring import open_store
from hotline.city import City
from hotline.domain.errors import UnknownUnitError
from hotline.store.access_keys import SqlAccessKeys


@asynccontextmanager
async def open_keys(settings: Settings) -> AsyncIterator[SqlAccessKeys]:
    """Yield the keys of the database that is set."""
    async with AsyncExitStack() as stack:
        store = await open_store(settings, stack)
        yield SqlAccessKeys(store.database, seal_of(settings))


def holder_for(city: City, name: str, *, is_app: bool) -> str:
    """Return the holder of a unit's key, or of an app's; ``UnknownUnitError`` when the city has no such unit."""
    if is_app:
        return APP_HOLDER + name
    if name not in city.units:
        raise UnknownUnitError(name)
    return UNIT_HOLDER + name
