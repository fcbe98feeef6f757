"""The channels of correspondence as the settings have them: which accounts there are, and how each takes answers."""

from __future__ import annotations

from typing import Final

from app.letter_words import WeChatWords
from app.settings import Settings
from chat.sms.gateway import pieces
from chat.web_chat.protocol import readable
from chat.wechat.door import Door, Mode
from chat.wechat.letters import LetterMaker
from chat.wechat.replies import cut
from chat.wechat.routes import Account
from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import CityConfigError
from hotline.service.correspondence import ChannelWays
from hotline.store.sealing import Seal

WECHAT_PATH: Final = "/wechat"
MINI_PATH: Final = "/wechat/mini"


def channel_ways(settings: Settings) -> dict[ContactChannel, ChannelWays]:
    """Return how each channel takes answers."""
    return {
        ContactChannel.WECHAT: ChannelWays(cut, begins=settings.wechat_pushes),
        ContactChannel.MINI_PROGRAMME: ChannelWays(cut),
        ContactChannel.SMS: ChannelWays(pieces(settings.sms_characters)),
        ContactChannel.EMAIL: ChannelWays(lambda text: (text,)),
    }


def open_accounts(settings: Settings, words: WeChatWords, seal: Seal) -> tuple[Account, ...]:
    """Return the WeChat accounts that are configured; one that cannot be right is a ``CityConfigError``."""
    found: list[Account] = []
    for path, channel, app_id, token, key, mode in (
        (
            WECHAT_PATH,
            ContactChannel.WECHAT,
            settings.wechat_app_id,
            settings.wechat_token,
            settings.wechat_aes_key,
            settings.wechat_mode,
        ),
        (
            MINI_PATH,
            ContactChannel.MINI_PROGRAMME,
            settings.mini_app_id,
            settings.mini_token,
            settings.mini_aes_key,
            settings.mini_mode,
        ),
    ):
        if not app_id:
            continue
        try:
            door = Door(
                app_id=app_id,
                token=token.get_secret_value() if token else "",
                aes_key=key.get_secret_value() if key else "",
                mode=Mode(mode),
                window_seconds=settings.wechat_window_seconds,
            )
        except ValueError as error:
            raise CityConfigError(
                file="设置", row=f"HOTLINE_{path[1:].upper()}", reason=str(error)
            ) from error
        is_official = channel is ContactChannel.WECHAT
        maker = LetterMaker(app_id, channel, words.says if is_official else {}, seal.fingerprint, readable)
        waits_out = is_official and not settings.wechat_pushes
        found.append(Account(path, door, maker, replies=is_official, waits_out=waits_out))
    return tuple(found)
