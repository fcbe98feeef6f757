"""``hotline wechat``: whether the account's settings are right, and its menu."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Final

import httpx
import typer

from app.at_rest import seal_of
from app.deliveries import open_client
from app.letter_channels import WECHAT_PATH, open_accounts
from app.letter_words import load_wechat_words
from app.redis_client import open_redis
from app.settings import Settings
from app.wechat import apis
from chat.wechat.api import WeChatApi, WeChatCallError
from chat.wechat.crypto import signature
from hotline.city import load_city
from hotline.domain.errors import CityConfigError

Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]

cli = typer.Typer(help="微信公众号：检查设置、发布菜单", no_args_is_help=True)

_ADVICE: Final = {
    40013: "AppID 不对",
    40125: "AppSecret 不对，或者已重置",
    40164: "本机的出口 IP 不在公众号的 IP 白名单里",
    40243: "AppSecret 已冻结，请在后台解冻",
    48001: "账号没有这个接口的权限（是否已认证？没有客服消息权限的请设 HOTLINE_WECHAT_PUSHES=false）",
    50007: "账号已被冻结",
    89503: "须由公众号管理员在手机上确认",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at. ``is_right`` None: it could not be looked at."""

    what: str
    is_right: bool | None
    says: str = ""


@cli.command("check")
def check(
    url: Annotated[
        str, typer.Option(help="公网上的地址，如 https://12345.example.gov.cn；不填就只试本机")
    ] = "",
    as_json: Json = False,
) -> None:
    """逐项检查公众号设置：令牌、密钥、AppSecret、白名单、模板、自己的地址；有一项不对就以 1 结束。"""
    found = asyncio.run(checked(Settings(), url))
    if as_json:
        typer.echo(
            json.dumps(
                [{"what": each.what, "is_right": each.is_right, "says": each.says} for each in found],
                ensure_ascii=False,
                indent=1,
            )
        )
    for each in () if as_json else found:
        mark = {True: "对", False: "错", None: "－"}[each.is_right]
        typer.echo(f"[{mark}] {each.what}{'：' + each.says if each.says else ''}")
    if any(each.is_right is False for each in found):
        raise typer.Exit(1)


@cli.command("menu")
def menu() -> None:
    """把 config/<city>/wechat.yaml 里的菜单发布到公众号。"""

    async def publish() -> None:
        settings = Settings()
        words = load_wechat_words(load_city(settings.city))
        async with _opened(settings) as accounts:
            api = accounts.get(settings.wechat_app_id)
            if api is None:
                raise CityConfigError(file="设置", reason="没有配置公众号的 AppID 和 AppSecret")
            await api.set_menu(words.menu)

    asyncio.run(publish())
    typer.echo("菜单已发布；已关注的人重新进入公众号，或者最迟 24 小时后看到。")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[dict[str, WeChatApi]]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_client(10.0))
        redis = open_redis(settings, stack)
        yield apis(settings, client, redis, seal_of(settings))


async def checked(settings: Settings, url: str) -> list[Checked]:
    """Look at everything, in order; what depends on what is wrong is left out."""
    if not settings.wechat_app_id:
        return [Checked("公众号", False, "没有配置 HOTLINE_WECHAT_APP_ID")]
    found = []
    words = load_wechat_words(load_city(settings.city))
    try:
        open_accounts(settings, words, seal_of(settings))
    except CityConfigError as error:
        found.append(Checked("令牌、EncodingAESKey、加解密方式", False, error.reason))
    else:
        found.append(Checked("令牌、EncodingAESKey、加解密方式", True, settings.wechat_mode))
    async with _opened(settings) as accounts:
        api = accounts.get(settings.wechat_app_id)
        if api is None:
            found.append(Checked("AppSecret", False, "没有配置 HOTLINE_WECHAT_APP_SECRET"))
        else:
            found += await _calls(api, settings)
    found.append(await _own_address(settings, url))
    return found


async def _calls(api: WeChatApi, settings: Settings) -> list[Checked]:
    try:
        await api.token.get()
    except WeChatCallError as error:
        return [Checked("AppID、AppSecret、IP 白名单", False, _advice(error))]
    found = [Checked("AppID、AppSecret、IP 白名单", True)]
    try:
        addresses = await api.callback_addresses()
        found.append(Checked("微信服务器的地址", True, f"{len(addresses)} 个，防火墙须放行"))
    except WeChatCallError as error:
        found.append(Checked("微信服务器的地址", False, _advice(error)))
    template = settings.wechat_progress_template
    if not template:
        found.append(Checked("进展模板", None, "没有配置，48 小时以后的进展改发短信，或者只在收件箱"))
    elif settings.wechat_progress_kind == "subscription":
        found.append(Checked("进展模板", None, "订阅通知的模板在发送时检查"))
    else:
        try:
            is_known = template in await api.templates()
            found.append(Checked("进展模板", is_known, "" if is_known else "公众号里没有这个模板 ID"))
        except WeChatCallError as error:
            found.append(Checked("进展模板", False, _advice(error)))
    return found


async def _own_address(settings: Settings, url: str) -> Checked:
    """Call our own address as WeChat does when it is set."""
    base = url.rstrip("/") or f"http://{settings.web_host}:{settings.web_port}"
    address, what = f"{base}{WECHAT_PATH}", "服务器地址"
    token = settings.wechat_token.get_secret_value() if settings.wechat_token else ""
    at, nonce, echo = str(int(time.time())), secrets.token_hex(5), secrets.token_hex(8)
    query = {"timestamp": at, "nonce": nonce, "echostr": echo, "signature": signature(token, at, nonce)}
    try:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            response = await client.get(address, params=query)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Checked(what, False if url else None, f"{address} 没有回应（{type(error).__name__}）")
    if response.text != echo:
        return Checked(what, False, f"{address} 回了 {response.status_code}，不是微信要的内容")
    return Checked(what, True, address)


def _advice(error: WeChatCallError) -> str:
    if error.errcode is None:
        return f"微信没有回应（{error.reason}）：这台机器能访问外网吗？"
    return _ADVICE.get(error.errcode, f"微信返回错误码 {error.errcode}，见 docs/wechat.md")
