"""Sending answers to WeChat (客服消息) from the outbox: what each failure means for a message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from chat.wechat.api import WeChatApi, WeChatCallError
from chat.wechat.remedies import Remedy
from hotline.domain.outbox import StoredMessage
from hotline.service.delivery import Arrived, Failed, Outcome

log: Final = structlog.get_logger("wechat")

_AFTER: Final = {
    Remedy.SLOW_DOWN: timedelta(minutes=1),
    Remedy.NO_MORE: timedelta(hours=6),
    Remedy.NOT_ALLOWED: timedelta(minutes=10),
}
_FINAL: Final = frozenset({Remedy.OUT_OF_WINDOW, Remedy.NOT_REACHABLE, Remedy.REFUSED})
_OF_THE_ACCOUNT: Final = frozenset({Remedy.SLOW_DOWN, Remedy.NOT_ALLOWED})


def outcome_of(error: WeChatCallError) -> Failed:
    """Return what a failed call means for the message: final, or when to try again."""
    remedy = error.remedy
    return Failed(str(error), is_final=remedy in _FINAL, after=_AFTER.get(remedy))


class WeChatSender:
    """Sends texts of ``wechat:…`` and ``mini:…`` destinations. An account that is not allowed to is left alone for a while.

    A message that WeChat took is sent again only when the process dies before it is noted: WeChat has no key for it.
    """

    def __init__(self, accounts: Mapping[str, WeChatApi]) -> None:
        """Take the accounts by AppID."""
        self._accounts = accounts
        self._rests: dict[str, tuple[datetime, str]] = {}

    async def send(self, message: StoredMessage, at: datetime) -> Outcome:
        """Send one text once."""
        body = message.message.body
        address = body["address"]
        app, text = str(address["app"]), str(body["text"])
        api = self._accounts.get(app)
        if api is None:
            return Failed("account not configured", after=timedelta(hours=1))
        until, why = self._rests.get(app, (at, ""))
        if at < until:
            return Failed(why, after=until - at)
        try:
            await api.send_text(str(address["openid"]), text)
        except WeChatCallError as error:
            failed = outcome_of(error)
            if error.remedy is Remedy.ARRIVED:
                return Arrived("wechat")
            if error.remedy in _OF_THE_ACCOUNT and failed.after is not None:
                log.error("wechat.account_rests", errcode=error.errcode, seconds=failed.after.total_seconds())
                self._rests[app] = (at + failed.after, failed.error)
            return failed
        return Arrived("wechat")


class WeChatTyping:
    """Shows citizens of the accounts that an agent is writing; what WeChat refuses is not worth more than a line in the log."""

    def __init__(self, accounts: Mapping[str, WeChatApi]) -> None:
        """Take the accounts by AppID."""
        self._accounts = accounts

    async def show_typing(self, address: Mapping[str, str], *, is_on: bool) -> None:
        """Show it, or no more."""
        api = self._accounts.get(address.get("app", ""))
        if api is None:
            return
        try:
            await api.show_typing(address.get("openid", ""), is_on=is_on)
        except WeChatCallError as error:
            log.info("wechat.typing_not_shown", error=str(error))
