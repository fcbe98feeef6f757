"""What administrators are shown of the machine (``desk.administration.Machine``), gathered from where it is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.anchors import FILE, read_anchors
from app.assets import ASSETS
from app.broken_calls import open_drafts
from app.calendar_check import differences
from app.deliveries import Endpoints
from app.rasa_server import nlu_folder
from app.retention import destruction_of
from app.settings import ROOT, Settings, settings_file
from asr.models import ModelEntry, catalogue, is_installed, verify
from desk.administration import (
    AuditState,
    CalendarView,
    CalendarYear,
    CertificateRow,
    ChannelRow,
    LimitRow,
    ModelRow,
    RetentionRow,
    RetentionView,
    SettingRow,
)
from hotline.city import City, read_yaml
from hotline.domain.calendar_years import with_years
from hotline.store.calendar_years import SqlCalendarYears
from hotline.store.sql import SqlStore
from router.catalogue import version_folders
from router.time_tables import load_calendar

_SEEN_WITHIN: Final = timedelta(seconds=16)
_UNITS: Final = {"minutes": "分钟", "hours": "小时", "working_days": "个工作日", "days": "天"}
_TABLES: Final = (
    "time_limits", "retention", "repeats", "callbacks", "outbound", "linkage", "assessment", "chat", "knowledge", "nuisance",
    "self_service",
)  # fmt: skip
"""The city's tables that say on what basis something is as it is, and whether that has yet to be confirmed."""
_AHEAD: Final = timedelta(days=365)
_CERTIFICATES: Final = 50
_SET: Final = "（已设）"


class MachineFacts:
    """The facts of this machine. ``checks`` tell whether a part is up."""

    def __init__(
        self,
        settings: Settings,
        city: City,
        store: SqlStore,
        checks: Mapping[str, Callable[[], Awaitable[bool]]],
        clock: Callable[[], datetime],
    ) -> None:
        """Take where everything is."""
        self._settings = settings
        self._city = city
        self._store = store
        self._checks = checks
        self._clock = clock

    # --- settings and limits -------------------------------------------------------------------------------

    def settings(self) -> Sequence[SettingRow]:
        """Return all settings, in the groups of ``setting_words.yaml``; one without words stands under its name."""
        words: Mapping[str, Mapping[str, Any]] = read_yaml(Path(__file__).with_name("setting_words.yaml"))
        placed = {name: (group, about) for group, names in words.items() for name, about in names.items()}
        given = settings_file()
        in_file = given[1] if given is not None else {}
        order = {name: index for index, name in enumerate(placed)}
        rows = []
        for name, field in type(self._settings).model_fields.items():
            group, about = placed.get(name, ("其他", {}))
            default = field.get_default(call_default_factory=True)
            value = getattr(self._settings, name)
            is_default = value == (None if default is PydanticUndefined else default)
            if name in in_file and value == _in_file(field, in_file[name]):
                source = "file"
            else:  # what stands in the file as well is overruled by the environment
                source = "default" if is_default else "environment"
            row = SettingRow(
                name=f"HOTLINE_{name.upper()}",
                group=group,
                label=about.get("label", name),
                value=_shown(value),
                default=_shown(default),
                source=source,
                basis=about.get("basis", ""),
                is_confirmed=about.get("confirmed", True),
            )
            rows.append((order.get(name, len(order)), row))
        return [row for _, row in sorted(rows, key=lambda pair: pair[0])]

    def limits(self) -> Sequence[LimitRow]:
        """Return all that the city's tables say with a basis."""
        words: Mapping[str, str] = read_yaml(Path(__file__).with_name("limit_words.yaml"))
        found = []
        for table in _TABLES:
            file = self._city.folder / f"{table}.yaml"
            if file.exists():
                for path, row in _with_basis(read_yaml(file), ()):
                    name = " · ".join(words.get(part, part) for part in path or (table,))
                    found.append(
                        LimitRow(
                            file.name,
                            name,
                            _amount(row),
                            str(row["basis"]),
                            bool(row.get("confirmed", False)),
                        )
                    )
        return found

    # --- models --------------------------------------------------------------------------------------------

    async def models(self) -> Sequence[ModelRow]:
        """Return speech models, browser libraries, understanders, and the dispatch catalogue."""
        return await asyncio.to_thread(self._models)

    def _models(self) -> list[ModelRow]:
        rows = [self._model(entry, self._settings.models_dir) for entry in catalogue().values()]
        rows += [self._model(entry, self._settings.static_dir) for entry in ASSETS.values()]
        folder = nlu_folder(self._settings)
        for file in sorted(folder.glob("*")) if folder.is_dir() else ():
            size = sum(one.stat().st_size for one in ([file] if file.is_file() else file.rglob("*")))
            name = file.name.partition(".")[0]
            rows.append(
                ModelRow(
                    name,
                    "语义理解（训练所得）",
                    "",
                    size,
                    str(file),
                    name.rpartition("-")[2],
                    is_installed=True,
                )
            )
        for version in version_folders(self._city.folder / "routing"):
            digest = hashlib.sha256()
            for file in sorted(version.rglob("*")):
                if file.is_file():
                    digest.update(file.read_bytes())
            rows.append(
                ModelRow(
                    f"routing-{version.name}",
                    "派单目录",
                    "",
                    0,
                    str(version),
                    digest.hexdigest()[:16],
                    is_installed=True,
                )
            )
        return rows

    @staticmethod
    def _model(entry: ModelEntry, folder: Path) -> ModelRow:
        pins = [entry.sha256, *(one.sha256 for one in entry.files)]
        identity = entry.sha256 or hashlib.sha256("".join(pins).encode()).hexdigest()
        return ModelRow(
            entry.name, entry.purpose, entry.licence, entry.size, entry.source, identity[:16],
            is_installed=is_installed(entry, folder), can_be_verified=True,
        )  # fmt: skip

    async def verify(self, model: str) -> Sequence[str]:
        """Hash every file of a model."""
        entry, folder = catalogue().get(model), self._settings.models_dir
        if entry is None:
            entry, folder = ASSETS.get(model), self._settings.static_dir
        if entry is None:
            return ["目录里没有"]
        wrong = await asyncio.to_thread(verify, entry, folder, lambda *_: None)
        return [f"{Path(one.file).name}：{one.reason}" for one in wrong]

    # --- channels ------------------------------------------------------------------------------------------

    async def channels(self) -> Sequence[ChannelRow]:
        """Return the ways in and out."""
        settings = self._settings
        living = await open_drafts(settings, self._store.database).living(
            seen_since=self._clock() - _SEEN_WITHIN
        )
        callers, calls = sum(one.callers for one in living), sum(one.calls for one in living)
        up = {name: await self._is_up(name) for name in ("redis", "worker")}
        endpoints = Endpoints(settings.endpoints_file).all()
        trunks = "、".join(str(network) for network in settings.trunks)
        return [
            ChannelRow(
                "phone",
                "电话",
                "on" if living else "down",
                [
                    ("接听地址", f"sip:12345@{settings.sip_host}:{settings.sip_port}"),
                    ("允许的中继", trunks),
                    ("电话进程", "、".join(f"{one.name}（{one.calls}/{one.callers}）" for one in living)),
                    ("正在通话", f"{calls} / {callers}"),
                    ("录音", "开" if settings.record_calls else "关"),
                ],
            ),
            ChannelRow("transfers", "转接", "on" if settings.transfers else "off", sorted(settings.transfers.items())),
            ChannelRow(
                "agents",
                "坐席",
                _state(bool(settings.agent_address), up["redis"]),
                [("坐席话机", settings.agent_address), ("共享坐席状态（Redis）", "通" if up["redis"] else "不通")],
            ),
            ChannelRow("outbound", "外呼", _state(bool(settings.outbound_address)), [("拨打方式", settings.outbound_address)]),
            ChannelRow("web_chat", "网页对话", "on", [("地址", f"http://{settings.web_host}:{settings.web_port}/")]),
            ChannelRow("wechat", "微信公众号", _state(bool(settings.wechat_app_id)), [("AppID", settings.wechat_app_id)]),
            ChannelRow("mini", "微信小程序", _state(bool(settings.mini_app_id)), [("AppID", settings.mini_app_id)]),
            ChannelRow("sms", "短信", _state(bool(settings.sms_url)), [("网关", settings.sms_url)]),
            ChannelRow("mail", "邮件", _state(bool(settings.mail_address)), [("邮箱", settings.mail_address)]),
            ChannelRow(
                "units",
                "承办单位与联动平台的接收地址",
                _state(bool(endpoints), up["worker"]),
                [(name, endpoint.url) for name, endpoint in sorted(endpoints.items())],
            ),
        ]  # fmt: skip

    async def _is_up(self, name: str) -> bool:
        check = self._checks.get(name)
        if check is None:
            return False
        try:
            async with asyncio.timeout(2):
                return await check()
        except Exception:  # noqa: BLE001 -- whatever it raises, it is not up
            return False

    # --- calendar, audit, retention ------------------------------------------------------------------------

    async def calendar(self, today: date) -> CalendarView:
        """Return the working calendar: the files' years, and instead of them those that were imported."""
        kept = await SqlCalendarYears(self._store.database).all()
        imported = {each.arrangement.year: each for each in reversed(kept) if each.undone_at is None}
        folder = self._city.folder / "calendar"
        years = []
        for file in sorted(folder.glob("*.yaml")):
            row = read_yaml(file)
            if row["year"] in imported:
                continue
            years.append(
                CalendarYear(
                    row["year"], row["published"], row["basis"], f"calendar/{file.name}", row["holidays"], row["makeup_workdays"]
                )
            )  # fmt: skip
        for each in imported.values():
            found = each.arrangement
            years.append(
                CalendarYear(found.year, True, found.basis, "", found.holidays, found.makeup_workdays, each)
            )
        calendar = with_years(load_calendar(folder), [each.arrangement for each in imported.values()])
        return CalendarView(
            sorted(years, key=lambda each: each.year),
            calendar.unpublished_years(today, today + _AHEAD),
            [one.on for one in differences(calendar)],
            kept,
            calendar,
        )

    async def check_audit(self) -> AuditState:
        """Check the whole audit chain."""
        anchors = read_anchors(self._settings.data_dir / FILE)
        began = time.monotonic()
        head = await self._store.audit_head()
        found = await self._store.audit_break(anchors)
        seconds = round(time.monotonic() - began, 2)
        if found is None:
            return AuditState(head.sequence, len(anchors), seconds)
        return AuditState(head.sequence, len(anchors), seconds, found.sequence, found.reason)

    async def retention(self) -> RetentionView:
        """Return what is kept how long, and the newest certificates."""
        destruction = destruction_of(self._settings, self._store)
        past = await destruction.past(self._clock())
        rows = [
            RetentionRow(each.kept.value, each.days, each.basis, each.is_confirmed, past[each.kept])
            for each in destruction.retentions
        ]
        return RetentionView(rows, await asyncio.to_thread(self._certificates))

    async def destroy(self, *, by: str) -> int:
        """Destroy all that is past its time."""
        destruction = destruction_of(self._settings, self._store)
        return await destruction.run(self._clock(), by=by, tell=lambda _: None)

    def _certificates(self) -> list[CertificateRow]:
        folder = self._settings.data_dir / "destruction"
        files = sorted(folder.glob("*.json"), reverse=True)[:_CERTIFICATES] if folder.is_dir() else []
        found = []
        for file in files:
            row = json.loads(file.read_text(encoding="utf-8"))
            at = datetime.fromisoformat(row["at"])
            found.append(CertificateRow(file.name, row["kept"], row["count"], row["by"], at, row["digest"]))
        return found


def _in_file(field: FieldInfo, written: Any) -> Any:
    """Return what a value of the settings' file means."""
    kind: Any = field.annotation
    try:
        return TypeAdapter(kind).validate_python(written)
    except ValidationError:
        return written


def _state(is_set: bool, is_up: bool = True) -> str:
    return "off" if not is_set else "on" if is_up else "down"


def _shown(value: Any) -> str:
    """Return a setting's value; of a secret only whether it is set."""
    match value:
        case _ if value is None or value is PydanticUndefined:
            shown = ""
        case SecretStr():
            shown = _SET if value.get_secret_value() else ""
        case Path():
            shown = str(value.relative_to(ROOT) if value.is_relative_to(ROOT) else value)
        case bool():
            shown = "是" if value else "否"
        case list():
            shown = "、".join(str(getattr(one, "label", one)) for one in value)
        case dict():
            shown = "，".join(f"{key} → {one}" for key, one in value.items())
        case str() if "://" in value and "@" in value:  # a password may be in it
            shown = f"{value.partition('://')[0]}://…@{value.rpartition('@')[2]}"
        case _:
            shown = str(value)
    return shown


def _with_basis(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield what in a table has a basis, with the names that lead to it."""
    if isinstance(node, Mapping):
        if "basis" in node:
            yield path, node
        for key, value in node.items():
            yield from _with_basis(value, (*path, str(key)))
    elif isinstance(node, list):
        for value in node:
            name = value.get("name") or value.get("version") if isinstance(value, Mapping) else None
            yield from _with_basis(value, (*path, str(name)) if name else path)


def _amount(row: Mapping[str, Any]) -> str:
    return next(
        (f"{row[unit]} {word}" for unit, word in _UNITS.items() if isinstance(row.get(unit), int)), ""
    )
