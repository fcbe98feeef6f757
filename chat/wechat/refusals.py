"""Why a call that says it comes from WeChat is refused. Its content is never part of the error."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from hotline.domain.errors import HotlineError


class Refusal(StrEnum):
    """Reasons, as they are logged and counted."""

    SIGNATURE = "signature"  # 签名不对
    STALE = "stale"  # 时间戳不在允许的范围内
    REPLAYED = "replayed"  # 同一签名用于别的内容，或者用得太多
    NOT_ENCRYPTED = "not_encrypted"  # 安全模式下收到明文
    NOT_DECRYPTED = "not_decrypted"  # 解不开
    WRONG_APP = "wrong_app"  # 不是本账号的消息
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"  # 不是消息格式
    SLOW = "slow"  # 正文没有及时到


STATUS: Final = {
    Refusal.SIGNATURE: 403,
    Refusal.STALE: 403,
    Refusal.REPLAYED: 403,
    Refusal.NOT_ENCRYPTED: 403,
    Refusal.NOT_DECRYPTED: 400,
    Refusal.WRONG_APP: 403,
    Refusal.TOO_LARGE: 413,
    Refusal.MALFORMED: 400,
    Refusal.SLOW: 408,
}


class WeChatRefusedError(HotlineError):
    """The call is not taken; ``reason`` says why."""

    code = "wechat.refused"

    def __init__(self, reason: Refusal) -> None:
        self.reason = reason
        super().__init__(reason.value)
