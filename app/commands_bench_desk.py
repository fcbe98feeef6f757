"""``hotline bench desk``: measuring the consoles."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psutil
import typer

from app.clock import now
from app.logs import configure
from app.printing import Printer
from app.private import private
from app.settings import Settings
from bench.desk import bench_desk
from hotline.city import load_city
from hotline.domain.appeal import Appeal, AppealKind, PhoneNumber, Place
from hotline.domain.work_order import WorkOrder
from hotline.service.casework import Casework
from hotline.service.registration import Registration
from hotline.store.sql import SqlStore
from router.rule_router import build_router


def bench_consoles(
    database: Annotated[
        str, typer.Option(help="数据库网址；不写则用临时目录里的 SQLite。不要指向正在使用的数据库")
    ] = "",
    agents: Annotated[
        int, typer.Option(help="同时打开多少个坐席工作台；0 只测收件箱", min=0, max=2_000)
    ] = 400,
    calls: Annotated[int, typer.Option(help="依次来多少通电话", min=10)] = 100,
    talks: Annotated[int, typer.Option(help="同时多少通在说", min=1)] = 40,
    lines: Annotated[int, typer.Option(help="每通说几句", min=1)] = 10,
    orders: Annotated[int, typer.Option(help="收件箱里有多少工单", min=1_000)] = 100_000,
    requests: Annotated[int, typer.Option(help="收件箱打开多少次", min=10)] = 100,
) -> None:
    """工作台：来电到弹屏、说话到上屏、许多坐席同时在线、大收件箱，各用多久；打印机器和负载。"""
    printer = Printer()
    configure("error")
    settings = Settings().model_copy(update={"rasa": "off", "encoder": "off"})
    city = load_city(settings.city)
    router = build_router(city)

    async def example(store: SqlStore) -> WorkOrder:
        casework = Casework(store, lambda: router.holder.current.limits, city.units, city.place_names)
        place = Place("兰山区银雀山街道沂蒙路", county_code="371302", county="兰山区")
        appeal = Appeal(
            kind=AppealKind.HELP, category="0101", text="家里暖气不热，室内只有十五度，老人受不了，已经三天了。",
            place=place, phone=PhoneNumber("13905390001"),
        )  # fmt: skip
        return await Registration(store, router, city, casework).register(
            appeal, conversation="bench", at=now()
        )

    async def work() -> dict[str, Any]:
        with TemporaryDirectory() as folder:
            given = private(settings, Path(folder)).model_copy(update={"database": database})
            return await bench_desk(
                given,
                Path(folder) / "logs",
                example=example,
                clock=now,
                agents=agents,
                calls=calls,
                talks=talks,
                lines=lines,
                orders=orders,
                requests=requests,
                tell=printer.progress,
            )

    load = psutil.getloadavg()[0]
    figures = asyncio.run(work())
    typer.echo(
        json.dumps(
            {
                **figures,
                "cores": psutil.cpu_count(),
                "load_before": round(load, 1),
                "load_after": round(psutil.getloadavg()[0], 1),
            },
            ensure_ascii=False,
            indent=1,
        )
    )
