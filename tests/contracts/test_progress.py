"""Subscriptions to progress are kept, one door a record, and each step between is written to the outbox once, on every database."""

from __future__ import annotations

from hotline.domain.appeal import ContactChannel
from hotline.domain.deeds import AddFacts, SignFor
from hotline.domain.people import CITIZEN
from hotline.domain.progress import Subscription
from hotline.store.outbox import SqlOutbox
from hotline.store.progress import SqlProgress
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from tests.builders import NOW, after
from tests.contracts.conftest import SECRET
from tests.work_orders import LANSHAN_UNIT, an_order, change, keep

MINE, OTHER = "26112300001", "26112300002"
BY_SMS = Subscription(MINE, ContactChannel.SMS, NOW)
BY_WECHAT = Subscription(MINE, ContactChannel.WECHAT, after(60), "wechat:li")


async def test_a_record_is_told_by_one_door_and_whoever_has_many_ends_them_all(store: SqlStore) -> None:
    kept = SqlProgress(store.database)
    await kept.subscribe(BY_SMS)
    await kept.subscribe(BY_WECHAT)
    assert await kept.of(MINE) == BY_WECHAT
    other = Subscription(OTHER, ContactChannel.WECHAT, after(120), "wechat:li")
    await kept.subscribe(other)
    assert await kept.of_correspondent("wechat:li") == [other, BY_WECHAT]
    assert await kept.of_correspondent("wechat:wang") == []
    assert await kept.end_of("wechat:li", at=after(180)) == [MINE, OTHER]
    assert await kept.of(MINE) is None
    assert await kept.end(MINE, at=after(180)) is False


async def test_subscribers_and_nobody_else_are_told_of_the_steps_between_but_not_of_their_own(
    store: SqlStore,
) -> None:
    kept, outbox = SqlProgress(store.database), SqlOutbox(store.database, Seal(SECRET))
    await keep(store, an_order(MINE), an_order(OTHER))
    await kept.subscribe(BY_WECHAT)
    for number in (MINE, OTHER):
        signed = await change(store, await store.get(number), SignFor(), by=LANSHAN_UNIT, at=after(60))
        await change(store, signed, AddFacts("三楼也不热"), by=CITIZEN, at=after(90))

    async def told(number: str) -> list[tuple[str, str]]:
        return [
            (each.message.kind, each.message.key)
            for each in await outbox.written(f"citizen:{number}", number)
        ]

    assert await told(MINE) == [("work_order.sign_for", f"{MINE}:2:citizen:{MINE}")]
    assert await told(OTHER) == []
