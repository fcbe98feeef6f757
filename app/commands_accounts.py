"""Commands on the accounts of staff and units: the first administrators, and what only whoever has the machine may do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from app.access import open_accounts
from app.clock import now
from app.permission_table import table_in_words
from app.settings import Settings
from app.wiring import open_store
from desk.front import WORDS
from hotline.city import City, load_city
from hotline.domain.accounts import Account, LoginTakenError, RolesConflictError, StaffRole
from hotline.service.accounts import Accounts

cli = typer.Typer(help="账号：第一批管理员、重置、演示账号、权限表", no_args_is_help=True)

Result = TypeVar("Result")
DataDir = Annotated[Path | None, typer.Option(help="数据目录（数据库、密钥、日志）")]
Json = Annotated[bool, typer.Option("--json", help="只打印 JSON")]

_DEMO: Final[tuple[tuple[str, str, StaffRole], ...]] = (
    ("agent", "赵晓兰", StaffRole.AGENT),
    ("leader", "钱国栋", StaffRole.TEAM_LEADER),
    ("reviewer", "孙慧敏", StaffRole.REVIEWER),
    ("supervisor", "李文博", StaffRole.SUPERVISOR),
    ("editor", "周雨桐", StaffRole.KNOWLEDGE_EDITOR),
    ("kb-reviewer", "吴建平", StaffRole.KNOWLEDGE_REVIEWER),
    ("rules", "郑立新", StaffRole.RULES_EDITOR),
    ("rules-reviewer", "韩正阳", StaffRole.RULES_REVIEWER),
    ("unit", "王海涛", StaffRole.UNIT_HANDLER),
    ("unit-lead", "冯秀英", StaffRole.UNIT_LEAD),
    ("county", "陈志强", StaffRole.COUNTY),
    ("duty", "褚卫东", StaffRole.DUTY_OFFICER),
    ("system", "卫明", StaffRole.SYSTEM_ADMIN),
    ("security", "蒋安", StaffRole.SECURITY_ADMIN),
    ("audit", "沈正", StaffRole.AUDIT_ADMIN),
)
_DEMO_NUMBER: Final = "8001"


def _run(data_dir: Path | None, work: Callable[[Accounts, City], Awaitable[Result]]) -> Result:
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)

    async def opened() -> Result:
        async with AsyncExitStack() as stack:
            store = await open_store(settings, stack)
            return await work(open_accounts(settings, store.database, now), load_city(settings.city))

    return asyncio.run(opened())


@cli.command()
def add(
    login: Annotated[str, typer.Argument(help="登录名：小写字母、数字、点、连字符")],
    name: Annotated[str, typer.Option(help="姓名")],
    role: Annotated[list[StaffRole] | None, typer.Option(help="岗位，可重复")] = None,
    unit: Annotated[str | None, typer.Option(help="承办单位代码（承办岗位）")] = None,
    county: Annotated[str | None, typer.Option(help="县区代码（县区岗位）")] = None,
    number: Annotated[str | None, typer.Option(help="工号（话务员）")] = None,
    data_dir: DataDir = None,
) -> None:
    """新建账号并打印一次性密码；第一批三员（system_admin、security_admin、audit_admin）用它建，之后在网页上管理。"""

    async def work(accounts: Accounts, city: City) -> str:
        if unit is not None and unit not in city.units:
            raise typer.BadParameter(f"没有这个承办单位：{unit}")
        if county is not None and county not in city.counties:
            raise typer.BadParameter(f"没有这个县区：{county}")
        roles = frozenset(role or ())
        _, password = await accounts.add_on_the_machine(
            login, name, roles, unit=unit, county=county, number=number
        )
        return password

    typer.echo(_told(lambda: _run(data_dir, work)))


@cli.command()
def reset(login: Annotated[str, typer.Argument(help="登录名")], data_dir: DataDir = None) -> None:
    """重置密码和动态口令，打印一次性密码；管理员的只能这样重置。登录着的全部退出。"""
    typer.echo(_told(lambda: _run(data_dir, lambda accounts, _: accounts.reset_on_the_machine(login))))


@cli.command("list")
def list_accounts(as_json: Json = False, data_dir: DataDir = None) -> None:
    """列出账号：登录名、姓名、岗位、单位、状态。"""

    async def work(accounts: Accounts, _: City) -> list[Account]:
        return list(await accounts.store.listed(limit=10_000))

    found = _run(data_dir, work)
    if as_json:
        rows: list[dict[str, Any]] = [
            {
                "login": one.login,
                "roles": sorted(one.roles),
                "unit": one.unit,
                "is_locked": one.is_locked,
                "has_totp": one.has_totp,
                "last_in_at": one.last_in_at.isoformat() if one.last_in_at else None,
            }
            for one in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for one in found:
        roles = "、".join(WORDS["roles"][role] for role in sorted(one.roles)) or "未授岗位"
        typer.echo(
            f"{one.login:<16} {one.name:<8} {roles} {one.unit or ''}{'  已锁定' if one.is_locked else ''}"
        )


@cli.command()
def demo(data_dir: DataDir = None) -> None:
    """每个岗位各建一个演示账号，打印一次性密码；已有的不动。不要用在正式系统上。"""
    for login, name, password in _run(data_dir, demo_accounts):
        typer.echo(f"{login:<12} {password:<16} {name}")


@cli.command()
def permissions() -> None:
    """打印权限表：每个地址、谁可以用（docs/permissions.md）。"""
    typer.echo(table_in_words(), nl=False)


async def demo_accounts(accounts: Accounts, city: City) -> list[tuple[str, str, str]]:
    """Make an account for every role that has none of this name yet; return login, roles in words, one-time password."""
    unit, county = next(
        (unit.code, unit.county_code) for unit in city.units.values() if unit.county_code is not None
    )
    made = []
    for login, name, role in _DEMO:
        needs = {
            StaffRole.UNIT_HANDLER: {"unit": unit},
            StaffRole.UNIT_LEAD: {"unit": unit},
            StaffRole.COUNTY: {"county": county},
            StaffRole.AGENT: {"number": _DEMO_NUMBER},
        }
        try:
            _, password = await accounts.add_on_the_machine(
                login, name, frozenset({role}), **needs.get(role, {})
            )
        except LoginTakenError:
            continue
        made.append((login, f"{name}（{WORDS['roles'][role]}）", password))
    return made


def _told(work: Callable[[], str]) -> str:
    try:
        return work()
    except RolesConflictError as error:
        typer.echo(f"错误：{WORDS['reasons'][error.reason]}", err=True)
        raise typer.Exit(2) from None
    except LoginTakenError:
        typer.echo(f"错误：{WORDS['refused'][LoginTakenError.code]}", err=True)
        raise typer.Exit(2) from None
