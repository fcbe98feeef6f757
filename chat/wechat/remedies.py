"""What is done about each of WeChat's error codes (全局返回码); a code that is not listed is tried again."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Remedy(StrEnum):
    """What is done."""

    ARRIVED = "arrived"  # 已经收到过同一条
    RENEW_TOKEN = "renew_token"  # noqa: S105 -- 重新取 access_token，再发一次
    RETRY = "retry"  # 稍后再试
    SLOW_DOWN = "slow_down"  # 本账号调用太多：所有消息都等
    OUT_OF_WINDOW = "out_of_window"  # 超过48小时：改用模板消息或者短信
    NO_MORE = "no_more"  # 条数用完：等诉求人再来消息
    NOT_REACHABLE = "not_reachable"  # 取消关注、拒收：改用短信
    NOT_ALLOWED = "not_allowed"  # 账号没有权限、被封、白名单、密钥：请管理员处理
    REFUSED = "refused"  # 内容不合要求：死信


REMEDIES: Final = {
    -1: Remedy.RETRY,  # system busy
    40001: Remedy.RENEW_TOKEN,  # access_token wrong or not the newest
    40014: Remedy.RENEW_TOKEN,  # access_token not legal
    42001: Remedy.RENEW_TOKEN,  # access_token has run out
    42007: Remedy.RENEW_TOKEN,  # the user changed their password
    41001: Remedy.RENEW_TOKEN,  # access_token missing
    45009: Remedy.SLOW_DOWN,  # calls of this day are used up
    45011: Remedy.SLOW_DOWN,  # too many calls a minute
    45015: Remedy.OUT_OF_WINDOW,  # 48 hours since the citizen's last message are over
    45047: Remedy.NO_MORE,  # five messages since the citizen's last one were sent
    40003: Remedy.NOT_REACHABLE,  # openid not of this account
    43004: Remedy.NOT_REACHABLE,  # not a follower (any more)
    43019: Remedy.NOT_REACHABLE,  # blocked
    43101: Remedy.NOT_REACHABLE,  # the user did not subscribe to such notices
    48002: Remedy.NOT_REACHABLE,  # the user takes no messages
    50002: Remedy.NOT_REACHABLE,  # the user is restricted
    48001: Remedy.NOT_ALLOWED,  # the account may not use this interface (not verified)
    48004: Remedy.NOT_ALLOWED,  # the interface is blocked for the account
    48006: Remedy.NOT_ALLOWED,  # counters cannot be reset any more
    50007: Remedy.NOT_ALLOWED,  # the account is frozen
    40013: Remedy.NOT_ALLOWED,  # AppID wrong
    40125: Remedy.NOT_ALLOWED,  # AppSecret wrong
    40164: Remedy.NOT_ALLOWED,  # our address is not on the account's list
    40243: Remedy.NOT_ALLOWED,  # AppSecret frozen
    41002: Remedy.NOT_ALLOWED,  # AppID missing
    41004: Remedy.NOT_ALLOWED,  # AppSecret missing
    89503: Remedy.NOT_ALLOWED,  # the administrator has to confirm
    40007: Remedy.REFUSED,  # media_id wrong or older than three days
    40037: Remedy.REFUSED,  # template_id wrong
    44004: Remedy.REFUSED,  # empty
    45002: Remedy.REFUSED,  # too long
    47001: Remedy.REFUSED,  # not JSON
    47003: Remedy.REFUSED,  # a field of the template does not fit
    87009: Remedy.REFUSED,  # content not legal
    87014: Remedy.REFUSED,  # content risky
    45065: Remedy.ARRIVED,  # the same client_msg_id was sent already
}


def remedy_of(code: int) -> Remedy:
    """Return what is done about a code."""
    return REMEDIES.get(code, Remedy.RETRY)
