"""Notices of progress over WeChat: as a customer-service message within 48 hours, as a template message afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from chat.wechat.api import WeChatApi, WeChatCallError
from chat.wechat.remedies import Remedy
from chat.wechat.replies import TEXT_BYTES, cut
from chat.wechat.sender import outcome_of
from hotline.domain.letters import Correspondent
from hotline.service.citizen_notices import WINDOW, Notice
from hotline.service.delivery import Arrived, Failed, Outcome

_LIMITS: Final = {
    "thing": 20, "phrase": 5, "character_string": 32, "time": 32, "date": 32, "const": 20, "name": 10, "number": 32,
}  # fmt: skip
"""Characters that WeChat takes in a template's field, by the beginning of its name."""
_NEXT: Final = frozenset({Remedy.OUT_OF_WINDOW, Remedy.NO_MORE, Remedy.NOT_ALLOWED})
"""After these a template may still go through."""
WECHAT: Final = Arrived("wechat")
_MOST_MESSAGES: Final = 5
"""So many an account may write to somebody who does not answer."""
_MOST_BEGUN: Final = 1_000


class WeChatNotices:
    """Tells one account's citizens. Without ``template`` nothing is told after 48 hours; it goes by SMS then."""

    def __init__(
        self,
        api: WeChatApi,
        fields: Mapping[str, str],
        *,
        more: str,
        template: str = "",
        is_subscription: bool = False,
    ) -> None:
        """Take the account, what goes into which field, the template (``is_subscription``: as 订阅通知), and what follows a piece that is not the last."""
        self._api = api
        self._fields = fields
        self._more = more
        self._template = template
        self._is_subscription = is_subscription
        self._begun: dict[str, int] = {}

    async def tell(self, who: Correspondent, notice: Notice, at: datetime) -> Outcome:
        """Tell it; final: not by WeChat."""
        openid = who.address.get("openid", "")
        is_open = who.heard_at is not None and at - who.heard_at < WINDOW
        failed = Failed("48 hours are over", is_final=True)
        if is_open:
            try:
                await self._send_pieces(openid, notice)
            except WeChatCallError as error:
                failed = outcome_of(error)
                if error.remedy not in _NEXT:
                    return failed
            else:
                return WECHAT
        if not self._template:
            return Failed(failed.error, is_final=True)
        fields = {name: fitted(name, text.format(**notice.facts)) for name, text in self._fields.items()}
        try:
            if self._is_subscription:
                await self._api.send_subscribed(openid, self._template, fields)
            else:
                await self._api.send_template(openid, self._template, fields, once=_once(notice.key))
        except WeChatCallError as error:
            if error.remedy is Remedy.NOT_ALLOWED:  # by SMS, then; the account may get its rights much later
                return Failed(str(error), is_final=True)
            return WECHAT if error.remedy is Remedy.ARRIVED else outcome_of(error)
        return WECHAT

    async def _send_pieces(self, openid: str, notice: Notice) -> None:
        """Send the text piece by piece; a try after one that failed on the way goes on from there, in this process."""
        sent = self._begun.pop(notice.key, 0)
        for number, piece in enumerate(pieces_of(notice.text, self._more)[sent:], sent):
            if number:
                self._begun[notice.key] = number
                while len(self._begun) > _MOST_BEGUN:
                    del self._begun[next(iter(self._begun))]
            await self._api.send_text(openid, piece)
        self._begun.pop(notice.key, None)


def pieces_of(text: str, more: str) -> tuple[str, ...]:
    """Return a text as messages; each that does not end it says ``more``, so that nobody takes it for the whole."""
    if len(text.encode()) <= TEXT_BYTES:
        return cut(text)
    pieces = cut(text, most_bytes=TEXT_BYTES - len(more.encode()))
    return tuple(
        f"{piece}{more}" if number < len(pieces) - 1 else piece for number, piece in enumerate(pieces)
    )[:_MOST_MESSAGES]


def fitted(field: str, text: str) -> str:
    """Return ``text`` as a template's field takes it: cut to its kind's length, never empty."""
    kind = field.rstrip("0123456789")
    limit = _LIMITS.get(kind, 20)
    return (text if len(text) <= limit else text[: limit - 1] + "…") or "-"


def _once(key: str) -> str:
    """Return 32 characters that stand for a message's key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]
