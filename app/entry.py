"""Where ``hotline`` begins: which command is in which module. Only the one that is given is loaded; all of them take seconds."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import typer

from app.logs import configure
from app.settings import Settings
from hotline.domain.errors import HotlineError

_LOUD: Final = frozenset({"ivr", "web"})
"""Commands that run a part of the hotline: they log at the level of the settings, the others only what goes wrong."""
_QUIET: Final = frozenset({"router"})
"""Commands that say themselves, in Chinese, what is wrong with the files."""
_WHOLE: Final = frozenset({"demo", "bench"})
"""Commands that start a hotline of their own and end it with themselves."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command, or a group of them: the module that has it, its name there, and what the list says about it."""

    module: str
    name: str
    help: str

    def load(self, called: str) -> typer.Typer:
        """Return it as a command line of its own."""
        found = getattr(importlib.import_module(self.module), self.name)
        if isinstance(found, typer.Typer):
            return found
        alone = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
        alone.command(called)(found)
        return alone


COMMANDS: Final[Mapping[str, Command]] = {
    "setup": Command("app.commands_run", "setup", "准备运行所需的一切：模型、理解引擎、数据库、播报语。"),
    "up": Command(
        "app.commands_run",
        "up",
        "在一台机器上运行整个热线，直到 Ctrl-C；SIGTERM 等通话结束，SIGHUP 依次重启电话进程。",
    ),
    "ivr": Command("app.commands_run", "ivr", "只运行接电话的进程。"),
    "web": Command("app.commands_run", "web", "只运行网页进程。"),
    "worker": Command(
        "app.commands_worker", "worker", "只运行办事进程：到期提醒、黄牌红牌、投递发件箱、夜间任务。"
    ),
    "engines": Command(
        "app.commands_calls",
        "engines",
        "只运行几个电话进程共用的识别和合成（HOTLINE_SHARED_ENGINES 指向同一目录）。",
    ),
    "drain": Command(
        "app.commands_calls",
        "drain",
        "让正在运行的热线依次重启接电话的进程：每个进程等它的通话结束，不打断任何人。",
    ),
    "kamailio": Command("app.commands_calls", "kamailio", "多个电话进程前面的 Kamailio"),
    "demo": Command(
        "app.commands_run",
        "demo",
        "启动热线，打几通真实的 SIP 电话，打印对话，写 report.json；有一通不符合预期就以 1 结束。",
    ),
    "call": Command(
        "app.commands_talk",
        "call_command",
        "打一通 SIP 电话，播放录音，打印热线听到、理解、答复和登记的内容。",
    ),
    "chat": Command(
        "app.commands_talk", "chat_command", "在网页对话里依次发送几句话，打印热线的答复和登记的内容。"
    ),
    "models": Command("app.commands_data", "models", "语音模型：列出、获取、校验"),
    "kb": Command("app.commands_kb", "cli", "知识库：检索、编写、审核、发布、导入导出、对照题"),
    "check": Command(
        "app.commands_data",
        "check",
        "检查城市配置的每个文件、每一条；有错就说明文件、位置和原因，以 2 结束。",
    ),
    "replay": Command("app.commands_data", "replay", "重放一次对话的记录：打印现在的程序会怎么说。"),
    "router": Command("app.commands_router", "cli", "派单：解释、检查派单目录、用往期工单试算新目录"),
    "board": Command(
        "app.commands_board", "board", "季度考核：三组红黄榜、三率、点名、剔除、指标、两次及以上重办的工单。"
    ),
    "outbox": Command("app.commands_worker", "outbox", "发件箱：待投递、死信、重新投递、销毁死信"),
    "endpoints": Command("app.commands_worker", "endpoints", "承办单位与联动平台的接收地址和密钥"),
    "nlu": Command("app.commands_nlu", "cli", "语义理解：语料检查、训练、评测"),
    "keys": Command("app.commands_keys", "cli", "接口密钥：新建、列出、吊销"),
    "accounts": Command("app.commands_accounts", "cli", "账号：第一批管理员、重置、演示账号、权限表"),
    "outbound": Command("app.commands_outbound", "cli", "外呼：待打的回访电话、不再外呼名单"),
    "wechat": Command("app.commands_wechat", "cli", "微信公众号：检查设置、发布菜单"),
    "audit": Command("app.commands_audit", "audit", "审计链：校验、锚点"),
    "calendar": Command("app.commands_audit", "calendar", "工作日历：与公布的放假安排核对"),
    "retention": Command("app.commands_audit", "retention", "保存期限：查看、到期销毁并出具凭证"),
    "bench": Command("app.commands_bench", "cli", "测量：识别、通话、理解、知识库、派单"),
}


def run_told(command: Callable[[], object]) -> None:
    """Run a command; errors known by name are told in Chinese, with their code."""
    try:
        command()
    except HotlineError as error:
        typer.echo(f"错误 [{error.code}]：{error}", err=True)
        sys.exit(2)


def listing() -> typer.Typer:
    """Return the command line that can only say what there is."""
    whole = typer.Typer(
        help="12345政务服务便民热线前台", no_args_is_help=True, pretty_exceptions_enable=False
    )
    for name, command in COMMANDS.items():
        whole.command(name, help=command.help)(lambda: None)
    return whole


def run(arguments: Sequence[str]) -> None:
    """Run what ``arguments`` name, or say what there is."""
    name = arguments[0] if arguments else ""
    command = COMMANDS.get(name)
    if command is None:
        listing()(args=list(arguments), prog_name="hotline")
    else:
        command.load(name)(args=list(arguments[1:]), prog_name=f"hotline {name}")


def end_in_order() -> None:
    """Let SIGTERM end the command as Ctrl-C does: whoever dies of it leaves its parts behind, running.

    A shell starts what it puts into the background with SIGINT ignored; nothing would end it then.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def main() -> None:
    """Run the command line."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in _WHOLE:
        end_in_order()

    def command() -> None:
        configure(Settings().log_level if name in _LOUD else "error" if name in _QUIET else "warning")
        run(sys.argv[1:])

    run_told(command)
