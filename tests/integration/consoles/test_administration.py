"""Administration: duties that are separated, what is granted and locked, the audit and its chain, exports, the machine."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from pathlib import Path

import pyotp
import pytest

from app.machine_facts import MachineFacts
from app.settings import Settings
from desk.pages.administration import audit as audit_pages
from desk.pages.administration.audit import in_words
from hotline.domain.accounts import Account, StaffRole
from hotline.domain.appeal import AppealKind
from hotline.domain.deeds import SignFor
from hotline.domain.life_cycle import Step
from hotline.service.accounts import Whereabouts
from hotline.store.audit_log import AuditFilter, SqlAuditLog
from tests.builders import after, an_appeal
from tests.consoles_site import CITY, ConsolesSite
from tests.integration.consoles.test_orders import words_of
from tests.work_orders import LANSHAN_UNIT, an_order, change, keep

R = StaffRole


async def audited(site: ConsolesSite, action: str) -> list[tuple[str, str, dict[str, object]]]:
    rows = await SqlAuditLog(site.store.database).page(AuditFilter(action=action))
    return [(row.actor, row.subject, json.loads(row.detail)) for row in rows]


async def test_an_account_is_made_by_one_administrator_and_given_its_role_by_another(
    site: ConsolesSite,
) -> None:
    system, security = (
        await site.account(R.SYSTEM_ADMIN, login="sys"),
        await site.account(R.SECURITY_ADMIN, login="sec"),
    )
    async with site.client(system) as client:
        made = await client.post("/desk/admin/accounts", data={"login": "li.ming", "name": "李明"})
    once = re.search(r"<code class=\"strong\">([^<]+)</code>", made.text)
    assert once is not None
    found = await site.accounts.store.by_login("li.ming")
    assert found is not None
    async with site.client(security) as client:
        path = f"/desk/admin/accounts/{found[0].id}"
        assert once[1] not in (await client.get(path)).text
        given = {"role": ["unit_handler", "unit_lead"], "unit": "body-housing", "reason": "单位来函"}
        assert (await client.post(f"{path}/roles", data=given)).status_code == 303
        refused = await client.post(f"{path}/roles", data={**given, "role": ["unit_lead", "audit_admin"]})
        nowhere = await client.post(f"{path}/roles", data={**given, "unit": "body-nowhere"})
        alone = await client.post(f"{path}/lock", data={"reason": "越权"})
    assert (refused.status_code, nowhere.status_code, alone.status_code) == (422, 422, 403)
    assert "管理员不能兼任业务岗位。" in refused.text
    assert (await site.accounts.store.get(found[0].id)).roles == {R.UNIT_HANDLER, R.UNIT_LEAD}
    assert await audited(site, "account.roles") == [
        (
            "staff:sec",
            "li.ming",
            {"from": [], "to": ["unit_handler", "unit_lead"], "unit": "body-housing", "reason": "单位来函"},
        )
    ]
    async with site.client() as client:
        entered = await client.post("/desk/sign-in", data={"login": "li.ming", "password": once[1]})
    assert entered.status_code == 303


@pytest.mark.parametrize("login", ["", "李明", "A", "a b", "x" * 40])
async def test_names_that_cannot_stand_in_the_audit_are_refused(site: ConsolesSite, login: str) -> None:
    async with site.client(await site.account(R.SYSTEM_ADMIN)) as client:
        answer = await client.post("/desk/admin/accounts", data={"login": login, "name": "李明"})
    assert answer.status_code == 422


async def test_no_administrator_changes_themselves(site: ConsolesSite) -> None:
    system, security = await site.account(R.SYSTEM_ADMIN), await site.account(R.SECURITY_ADMIN)
    async with site.client(system) as client:
        path = f"/desk/admin/accounts/{system.id}"
        assert (await client.post(f"{path}/lock", data={"reason": "自己"})).status_code == 403
        assert (
            await client.post(f"/desk/admin/accounts/{security.id}/reset", data={"reason": "代管"})
        ).status_code == 403
    async with site.client(security) as client:
        path = f"/desk/admin/accounts/{security.id}/roles"
        assert (await client.post(path, data={"role": "reviewer", "reason": "自己"})).status_code == 403


async def test_a_lost_authenticator_is_forgotten_by_the_security_administrator_only(
    site: ConsolesSite,
) -> None:
    system, security = await site.account(R.SYSTEM_ADMIN), await site.account(R.SECURITY_ADMIN, login="sec")
    agent = await site.account(R.AGENT, login="zhao")
    agent = await bound(site, agent)
    path, reason = f"/desk/admin/accounts/{agent.id}", {"reason": "手机丢失，已核实身份"}
    async with site.client(agent) as theirs, site.client(security) as client, site.client(system) as other:
        assert (await other.post(f"{path}/totp", data=reason)).status_code == 403
        assert "解除动态口令" not in (await other.get(path)).text
        assert "解除动态口令" in (await client.get(path)).text
        assert (await client.post(f"{path}/totp", data={"reason": " "})).status_code == 422
        assert (await client.post(f"{path}/totp", data=reason)).status_code == 303
        assert (await theirs.get("/desk/orders")).status_code == 303  # signed out
        assert not (await site.accounts.store.get(agent.id)).has_totp
        assert (await client.post(f"{path}/totp", data=reason)).status_code == 422  # there is none any more
        for administrator in (system, security):
            refused = await client.post(f"/desk/admin/accounts/{administrator.id}/totp", data=reason)
            assert refused.status_code == 403
    assert await audited(site, "account.totp_forgotten") == [("staff:sec", "zhao", reason)]


async def bound(site: ConsolesSite, account: Account) -> Account:
    """Bind an authenticator to an account, as its owner does."""
    secret = await site.accounts.offer_totp(account)
    signed_in = await site.accounts.who(await site.token(account))
    assert signed_in is not None
    _, changed = await site.accounts.confirm_totp(
        signed_in, pyotp.TOTP(secret).at(site.clock()), Whereabouts()
    )
    assert changed.has_totp
    return changed


async def test_a_locked_account_is_out_and_says_so_to_nobody_but_administrators(site: ConsolesSite) -> None:
    system, agent = await site.account(R.SYSTEM_ADMIN, login="sys"), await site.account(R.AGENT, login="zhao")
    async with site.client(agent) as theirs, site.client(system) as client:
        path = f"/desk/admin/accounts/{agent.id}"
        assert (await client.post(f"{path}/lock", data={"reason": " "})).status_code == 422
        assert (await client.post(f"{path}/lock", data={"reason": "离岗"})).status_code == 303
        assert (await theirs.get("/desk/orders")).status_code == 303
        assert "已锁定" in (await client.get("/desk/admin/accounts?q=zhao")).text
        assert (await client.post(f"{path}/unlock", data={"reason": "返岗"})).status_code == 303
    assert [row[:2] for row in await audited(site, "account.locked")] == [("staff:sys", "zhao")]


async def test_sessions_are_seen_and_ended(site: ConsolesSite) -> None:
    security, agent = await site.account(R.SECURITY_ADMIN), await site.account(R.AGENT)
    async with site.client(agent) as theirs, site.client(security) as client:
        page = (await client.get("/desk/admin/sessions")).text
        end = re.search(rf'action="(/desk/admin/accounts/{agent.id}/sessions/[0-9a-f]+/end)"', page)
        assert end is not None
        assert (await client.post(end[1])).status_code == 303
        assert (await theirs.get("/desk/orders")).status_code == 303


async def test_accounts_are_found_by_role_by_name_and_page_by_page(site: ConsolesSite) -> None:
    system = await site.account(R.SYSTEM_ADMIN)
    await site.account(R.REVIEWER, login="li", name="李慧")
    await site.account(R.SUPERVISOR, login="wang", name="王海")
    await site.account(R.UNIT_LEAD, login="sun", name="孙立", unit="body-housing")
    async with site.client(system) as client:
        by_role = (await client.get("/desk/admin/accounts?role=reviewer")).text
        by_unit = (await client.get("/desk/admin/accounts?q=&role=&unit=body-housing")).text
        by_name = (await client.get("/desk/admin/accounts?q=王海", headers={"HX-Target": "rows"})).text
    assert ("李慧" in by_role, "王海" in by_role) == (True, False)
    assert ("孙立" in by_unit, "李慧" in by_unit) == (True, False)
    assert '<option value="body-housing">市住房城乡建设局</option>' in by_unit
    assert ("李慧" in by_name, "王海" in by_name, "<html" in by_name) == (False, True, False)


async def test_the_audit_is_searched_checked_and_taken_out_with_a_trace(site: ConsolesSite) -> None:
    await keep(site.store, an_order())
    await change(site.store, an_order(), SignFor(), by=LANSHAN_UNIT, at=after(60))
    auditor = await site.account(R.AUDIT_ADMIN, login="shen")
    async with site.client(auditor) as client:
        page = (
            await client.get("/desk/admin/audit?actor=&action=work_order.&subject=26112300001&since=&until=")
        ).text
        assert "work_order.dispatch" in words_of(page)
        assert "account.added" not in words_of(page)
        assert "工单：派单 work_order.dispatch" in words_of(page)
        assert '<option value="session.">登录（全部）</option>' in page
        theirs = words_of((await client.get("/desk/admin/audit?actor=county-371302")).text)
        whole = (await client.post("/desk/admin/audit/check")).text
        sheet = await client.get("/desk/admin/audit/rows.csv?action=account.")
        async with site.store.database.engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE audit SET actor = 'nobody' WHERE sequence = 2")
        broken = (await client.post("/desk/admin/audit/check")).text
    rows = list(csv.reader(io.StringIO(sheet.text.removeprefix("\ufeff"))))
    assert rows[0] == ["序号", "时间", "谁", "动作", "对象", "内容", "摘要"]
    assert {row[3] for row in rows[1:]} == {"account.added"}
    assert re.findall(r"unit:\S+ (\S+) work_order\.", theirs) == [
        "工单：签收"
    ]  # by name alone, in any capacity
    assert "审计链完整" in whole
    assert "第 2 行断开：内容被改动" in broken
    assert await audited(site, "audit.exported") == [
        ("staff:shen", "audit", {"actor": "", "action": "account.", "subject": "", "since": "", "until": ""})
    ]
    checks = [facts for _, _, facts in await audited(site, "audit.checked")]
    assert [(each["broken_at"], each["reason"]) for each in checks] == [(2, "altered"), (None, "")]


async def test_the_file_of_the_audit_has_every_line_that_was_searched_for(
    site: ConsolesSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pages, "_AT_ONCE", 2)
    auditor = await site.account(R.AUDIT_ADMIN, login="shen")
    for login in ("zhao", "qian", "sun", "li"):
        await site.account(R.REVIEWER, login=login)
    async with site.client(auditor) as client:
        sheet = (await client.get("/desk/admin/audit/rows.csv?action=account.added")).text
    rows = list(csv.reader(io.StringIO(sheet.removeprefix("\ufeff"))))
    assert [row[4] for row in rows[1:]] == ["li", "sun", "qian", "zhao", "shen"]


async def test_orders_are_taken_out_masked_for_a_reason_with_a_trace(site: ConsolesSite) -> None:
    open_ = an_appeal(text="=王建国，电话13905390001，3号楼402室暖气不热", citizen_name="王建国")
    hidden = an_appeal(text="我是李国庆，举报", citizen_name="李国庆", kind=AppealKind.TIP_OFF)
    await keep(site.store, an_order(appeal=open_), an_order("26112300002", appeal=hidden))
    given = {"since": "2026-11-20", "until": "2026-11-23", "reason": "十一月供暖分析"}
    async with site.client(await site.account(R.SUPERVISOR, login="li")) as client:
        assert (await client.post("/desk/exports", data={**given, "reason": "看看"})).status_code == 422
        assert (await client.post("/desk/exports", data={**given, "since": "2026-01-01"})).status_code == 422
        sheet = await client.post("/desk/exports", data=given)
        listed = words_of((await client.get("/desk/exports")).text)
    assert "2026-11-20 至 2026-11-23 十一月供暖分析" in listed
    assert sheet.headers["content-disposition"] == 'attachment; filename="orders-20261120-20261123.csv"'
    rows = list(csv.DictReader(io.StringIO(sheet.text.removeprefix("\ufeff"))))
    assert [row["工单编号"] for row in rows] == ["26112300001", "26112300002"]
    assert rows[0]["诉求"].startswith("'=王**，电话****")
    for secret in ("王建国", "李国庆", "13905390001", "402室"):
        assert secret not in sheet.text
    assert await audited(site, "orders.") == [
        ("staff:li", "orders", {**given, "orders": 2}), ("staff:li", "orders", given)
    ]  # fmt: skip


async def test_the_machine_is_shown_as_it_is_without_its_secrets(site: ConsolesSite) -> None:
    async with site.client(await site.account(R.SYSTEM_ADMIN)) as client:
        pages = {
            name: words_of((await client.get(f"/desk/admin/{name}")).text)
            for name in ("settings", "models", "channels", "calendar", "retention")
        }
        verified = (await client.post("/desk/admin/models/htmx/verify")).text
        unknown = (await client.post("/desk/admin/models/nothing/verify")).text
    for name, expected in {
        "settings": "密码最短位数 HOTLINE_PASSWORD_LENGTH 10 10 默认 GB/T 22239—2019 8.1.4.1 待核",
        "models": "网页：局部更新 0BSD",
        "channels": "转接 在用 110 sip:110@127.0.0.1",
        "calendar": "2027 年的放假安排尚未公布或者没有录入。",
        "retention": "诉求人的来信和答复 1095 天",
    }.items():
        assert expected in pages[name]
    assert (
        "签收 · 危及生命财产 15 分钟 危及生命财产的15分钟内签收（参照天津实施细则，7×24小时） 待核"
        in pages["settings"]
    )
    assert "逐个文件相符" in verified
    assert "目录里没有" in unknown


HOLIDAYS = "日期,类型,名称\n2027-01-01,放假,元旦\n2027-01-04,放假,元旦\n2027-01-09,上班,\n"


async def test_a_years_holidays_are_read_shown_put_in_force_and_undone(site: ConsolesSite) -> None:
    system = await site.account(R.SYSTEM_ADMIN, login="sys")
    at = "/desk/admin/calendar"

    def upload(text: str, name: str = "2027.csv") -> dict[str, tuple[str, bytes]]:
        return {"file": (name, text.encode())}

    async with site.client(system) as client:
        refused = [
            (await client.post(f"{at}/check", files=upload(text), data={"basis": "国办发明电〔2026〕9号"}))
            for text in (HOLIDAYS.replace("放假", "休息"), HOLIDAYS.replace("2027", "2031"), "")
        ]
        without = await client.post(f"{at}/check", files=upload(HOLIDAYS))
        assert [each.status_code for each in (*refused, without)] == [422] * 4
        assert "2027-01-01：类型只能是 放假 或者 上班" in words_of(refused[0].text)
        assert "没有写依据（通知文号）" in words_of(without.text)
        shown = (
            await client.post(f"{at}/check", files=upload(HOLIDAYS), data={"basis": "国办发明电〔2026〕9号"})
        ).text
        words = words_of(shown)
        assert "2027 年 还没有生效 国办发明电〔2026〕9号 元旦 01-01 01-04 调休上班 01-09" in words
        assert "01-04 休息 、 01-09 上班 、 02-05 上班" in words
        assert "2027 年的放假安排尚未公布" in words  # nothing has taken effect
        given = {
            name: html.unescape(value)
            for name, value in re.findall(r'name="(body|mark)" value="([^"]*)"', shown)
        }
        assert (await client.post(at, data={**given, "body": "{}"})).status_code == 422
        assert (await client.post(at, data=given)).status_code == 303
        assert (await client.post(at, data=given)).status_code == 409  # somebody was first
        after_ = words_of((await client.get(at)).text)
        assert "2027 年的放假安排尚未公布" not in after_
        assert "2027 年 已公布 国办发明电〔2026〕9号 · sys 于 11-23" in after_
        assert (await client.post(f"{at}/1/undo", data={"reason": ""})).status_code == 422
        assert (await client.post(f"{at}/1/undo", data={"reason": "导错文件"})).status_code == 303
        assert "2027 年的放假安排尚未公布" in words_of((await client.get(at)).text)
    async with site.client(await site.account(R.SUPERVISOR)) as reader:
        assert "导入放假安排" not in (await reader.get(at)).text
        assert (await reader.post(at, data=given)).status_code == 403
    assert [(who, facts["year"]) for who, _, facts in await audited(site, "calendar.imported")] == [
        ("staff:sys", 2027)
    ]
    assert await audited(site, "calendar.undone") == [
        ("staff:sys", "calendar:1", {"sequence": 1, "reason": "导错文件"})
    ]


async def test_what_is_past_its_time_is_destroyed_by_hand_with_a_reason_and_a_certificate(
    site: ConsolesSite,
) -> None:
    async with site.client(await site.account(R.SYSTEM_ADMIN, login="sys")) as client:
        refused = await client.post("/desk/admin/retention", data={"reason": ""})
        done = await client.post("/desk/admin/retention", data={"reason": "磁盘将满"})
    assert (refused.status_code, done.status_code) == (422, 303)
    assert await audited(site, "retention.by_hand") == [("staff:sys", "retention", {"reason": "磁盘将满"})]


def test_every_setting_has_a_name_that_people_read(site: ConsolesSite) -> None:
    machine = site.parts.machine
    assert machine is not None
    assert [row.name for row in machine.settings() if row.group == "其他"] == []


def test_every_table_of_the_city_that_names_a_basis_is_shown_with_names_that_people_read(
    site: ConsolesSite,
) -> None:
    machine = site.parts.machine
    assert machine is not None
    limits = machine.limits()
    texts = {file.name: file.read_text("utf-8") for file in CITY.folder.glob("*.yaml")}
    marked = {name for name, text in texts.items() if "basis:" in text and "confirmed:" in text}
    assert {row.file for row in limits} == marked
    assert [row.name for row in limits if re.search("[a-z]", row.name)] == []


def test_a_setting_tells_whether_it_is_the_files_or_the_environments(
    site: ConsolesSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("password_length = 12\nsession_idle_minutes = 20\n", encoding="utf-8")
    monkeypatch.setenv("HOTLINE_SETTINGS_FILE", str(file))
    monkeypatch.setenv("HOTLINE_SESSION_IDLE_MINUTES", "15")
    rows = {row.name: row for row in MachineFacts(Settings(), CITY, site.store, {}, site.clock).settings()}
    names = ("PASSWORD_LENGTH", "SESSION_IDLE_MINUTES", "PASSWORD_DAYS")
    found = [(rows[f"HOTLINE_{name}"].value, rows[f"HOTLINE_{name}"].source) for name in names]
    assert found == [("12", "file"), ("15.0", "environment"), ("90", "default")]


def test_what_the_audit_says_of_steps_is_said_in_words(site: ConsolesSite) -> None:
    front = site.app.state.front
    named = {in_words(front, f"work_order.{step.value}") for step in Step}
    assert len(named) == len(Step)
    assert [in_words(front, each) for each in ("rules.roll_back", "article.approve", "unmask.asked", "new.thing")] == [
        "派单规则：回退", "知识条目：审核通过", "保密查看", "",
    ]  # fmt: skip
