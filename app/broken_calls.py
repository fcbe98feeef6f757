"""What becomes of calls whose process died (断线回拨), every half minute: a callback task, and the duty officer is told."""

from __future__ import annotations

from datetime import datetime

from app.at_rest import seal_of
from app.outlook import open_callbacks
from app.settings import Settings
from hotline.city import City
from hotline.domain.callbacks import CallbackReason
from hotline.domain.drafts import BrokenCall
from hotline.domain.outbox import Message
from hotline.service.callbacks import WishedFor
from hotline.service.drafts import BrokenCalls
from hotline.store.database import Database
from hotline.store.drafts import SqlDrafts
from hotline.store.outbox import SqlOutbox
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore


def open_drafts(settings: Settings, database: Database) -> SqlDrafts:
    """Return the store of call processes and the calls they hold."""
    return SqlDrafts(database, seal_of(settings))


def broken_calls(settings: Settings, city: City, store: SqlStore, seal: Seal) -> BrokenCalls:
    """Return the watch on calls that broke: each becomes a callback task, and the duty officer is told."""
    box = SqlOutbox(store.database, seal)
    callbacks = open_callbacks(settings, city, store)

    async def call_back(broken: BrokenCall, at: datetime) -> None:
        body = {
            "conversation": broken.conversation,
            "phone": broken.phone.digits,
            "words": broken.words,
            "order": broken.order_number,
            "since": broken.since.isoformat(),
        }
        key = f"broken:{broken.conversation}"
        wish = WishedFor(
            broken.phone,
            CallbackReason.BROKEN_CALL,
            broken.words,
            broken.conversation,
            order_number=broken.order_number,
        )
        await callbacks.plan(wish, at.astimezone(city.timezone))
        await box.write(Message("duty", "call.broken", broken.conversation, body, key), at=at)

    return BrokenCalls(open_drafts(settings, store.database), store, call_back)
