"""The rules console on SQLite and PostgreSQL: a draft becomes what the running router decides by, and is rolled back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.published_rules import PublishedRules, router_in_force
from app.reloading import Reloading
from app.rules import KeptOrders, open_rules
from app.rules_process import tried_here, tried_in_own_process
from hotline.city import City
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.rule_changes import (
    ChangeSet,
    ChangeSetStatus,
    RuleNotFoundError,
    RuleStepRefusedError,
    StaleRulesError,
)
from hotline.service.rule_trials import ShownTrial
from hotline.service.rules import Rules
from hotline.store.accounts import Audited
from hotline.store.database import Database
from hotline.store.rules import SqlRules
from hotline.store.sql import SqlStore
from hotline.store.tables import audit, rule_versions
from router.rule_router import RuleRouter
from router.tables import CatalogueHolder
from router.trial import Trial, TrialWork
from tests.builders import NOW, an_appeal
from tests.small_catalogue import HEAT, TAX, limit_names, small_city
from tests.work_orders import an_order, keep

TODAY = NOW.date()
HEATING = an_appeal(category="0101", text="暖气不热")
TAXES = an_appeal(category="1102", text="税")
NOT_WARM = "家里暖气不热（供暖，兰山区）"
TO_HOUSING = {**HEAT, "lead": "body-housing", "supporting": ["place"]}


@dataclass
class Console:
    """The console, a router that runs, and the day, which a test may move."""

    rules: Rules
    holder: CatalogueHolder
    published: PublishedRules
    router: RuleRouter
    city: City
    store: SqlStore
    at: Any = NOW

    def today(self) -> date:
        return self.at.date()

    async def led(self, appeal: Any = HEATING) -> tuple[str | None, str]:
        """Return who leads now, after the router's next look, and by which version."""
        await self.published.look()
        decision = self.router.route(appeal, at=self.at)
        return decision.lead_unit, decision.catalogue_version

    async def tried(self, draft: ChangeSet) -> ShownTrial:
        await self.rules.try_out(draft.id, 30, by="zheng")
        await self.rules.trials.settled()
        return await self.rules.trial(await self.rules.store.get(draft.id))

    async def draft(self, row: dict[str, Any] = TO_HOUSING, on: date = TODAY) -> ChangeSet:
        """Return a draft that changes one row, with the golden matter that it moves on purpose, tried."""
        made = await self.rules.start("供热职责调整", on, by="zheng")
        made = await self.rules.edit(made.id, row["id"], row, None, made.revision, by="zheng")
        made = await self.rules.expect(
            made.id, NOT_WARM, row["lead"], "职责已调整", made.revision, by="zheng"
        )
        await self.tried(made)
        return made

    async def publish(self, row: dict[str, Any] = TO_HOUSING, on: date = TODAY) -> str:
        made = await self.draft(row, on)
        waiting = await self.rules.submit(made.id, made.revision, by="zheng")
        return (await self.rules.publish(made.id, "核对无误", on, waiting.revision, by="qian")).version


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return small_city(tmp_path_factory.mktemp("city"), is_whole=True)


async def here(work: TrialWork) -> Trial:
    return tried_here(work)


async def nothing_wrong(work: TrialWork) -> Trial:
    """Stand in for trials where they are not the matter: each compiles two catalogues."""
    return Trial()


async def out_of_order(work: TrialWork) -> Trial:
    raise EngineUnavailableError("rules trial", "超时")


@pytest.fixture
async def console(store: SqlStore, city: City) -> AsyncIterator[Console]:
    holder = CatalogueHolder(city)
    ids: Iterator[int] = count(1)
    async with AsyncExitStack() as stack:
        rules = open_rules(
            city,
            store.database,
            store,
            limits=limit_names,
            clock=lambda: made.at,
            stack=stack,
            run=nothing_wrong,
        )
        published = PublishedRules(SqlRules(store.database), holder, lambda: made.today())  # noqa: PLW0108 -- made only below
        made = Console(rules, holder, published, RuleRouter(city, holder), city, store)
        rules._new_id = lambda: f"c{next(ids)}"
        yield made


async def audited(store: SqlStore) -> list[tuple[str, str, str]]:
    query = select(audit.c.actor, audit.c.action, audit.c.subject).order_by(audit.c.sequence)
    async with store.database.reading() as connection:
        return [tuple(row) for row in await connection.execute(query)]  # type: ignore[misc]


async def test_a_change_is_tried_reviewed_takes_effect_and_is_rolled_back(console: Console) -> None:
    rules, store = console.rules, console.store
    rules.trials._run = here
    await keep(store, an_order(appeal=HEATING), an_order("26112300002", minutes=1, appeal=TAXES))
    assert await console.led() == ("county-371302", "linyi-2026.1")
    draft = await rules.start("供热职责调整", TODAY, by="zheng")
    draft = await rules.edit(draft.id, "heat", TO_HOUSING, None, draft.revision, by="zheng")
    with pytest.raises(RuleStepRefusedError, match="rules_untried"):
        await rules.submit(draft.id, draft.revision, by="zheng")
    shown = await console.tried(draft)
    assert shown.found is not None
    (shift,) = shown.found.shifts
    assert (shift.old, shift.new, shift.rule, shift.numbers) == (
        "county-371302", "body-housing", "heat", ("26112300001",)
    )  # fmt: skip
    with pytest.raises(RuleStepRefusedError, match=f"rules_gate: “{NOT_WARM}”"):
        await rules.submit(draft.id, draft.revision, by="zheng")
    draft = await rules.expect(draft.id, NOT_WARM, "body-housing", "职责已调整", draft.revision, by="zheng")
    assert (await rules.trial(draft)).is_stale
    assert (await console.tried(draft)).found is not None
    waiting = await rules.submit(draft.id, draft.revision, by="zheng")
    with pytest.raises(RuleStepRefusedError, match="rules_own_work"):
        await rules.publish(draft.id, "核对无误", TODAY, waiting.revision, by="zheng")
    version = await rules.publish(draft.id, "核对无误", TODAY, waiting.revision, by="qian")
    assert (version.version, version.author, version.approver) == ("linyi-2026.1+1", "zheng", "qian")
    assert await console.led() == ("body-housing", "linyi-2026.1+1")
    assert await console.led(TAXES) == ("body-tax", "linyi-2026.1+1")
    assert (await rules.store.get(draft.id)).status is ChangeSetStatus.PUBLISHED
    back = await rules.roll_back("linyi-2026.1", "派错，先恢复", by="qian")
    assert (back.version, back.restores) == ("linyi-2026.1+2", "linyi-2026.1")
    assert await console.led() == ("county-371302", "linyi-2026.1+2")
    with pytest.raises(RuleStepRefusedError, match="rules_same"):
        await rules.roll_back("linyi-2026.1+2", "再恢复一次", by="qian")
    assert [(by, action.removeprefix("rules."), subject) for by, action, subject in await audited(store) if action.startswith("rules.")] == [
        ("zheng", "start", "rules:c1"), ("zheng", "edit", "rules:c1"), ("zheng", "edit", "rules:c1"),
        ("zheng", "submit", "rules:c1"), ("qian", "publish", "rules:linyi-2026.1+1"),
        ("qian", "roll_back", "rules:linyi-2026.1+2"),
    ]  # fmt: skip
    assert await store.audit_break() is None


async def test_a_version_waits_for_its_day_and_can_be_withdrawn_until_then(console: Console) -> None:
    tomorrow = TODAY + timedelta(days=1)
    first = await console.publish(on=tomorrow)
    assert await console.led() == ("county-371302", "linyi-2026.1")
    line = await console.rules.line()
    assert (line.head, line.in_force, [each.version for each in line.scheduled]) == (
        first,
        "linyi-2026.1",
        [first],
    )
    with pytest.raises(RuleStepRefusedError, match="rules_earlier"):
        await console.rules.start("早于已排定的版本", TODAY, by="zheng")
    second = await console.publish({**TO_HOUSING, "supporting": ["body-market"]}, on=tomorrow)
    await console.rules.withdraw(first, "暂不调整了", by="qian")
    assert (await console.rules.line()).scheduled == ()
    with pytest.raises(StaleRulesError):
        await console.rules.store.withdraw([second], Audited("qian", "rules.withdraw", NOW, {}))
    console.at = NOW + timedelta(days=1)
    assert await console.led() == ("county-371302", "linyi-2026.1")
    third = await console.publish(on=console.at.date())
    console.at = NOW + timedelta(days=3)
    assert await console.led() == ("body-housing", third)
    for version, reason in ((third, "rules_in_force"), ("v9", "v9")):
        with pytest.raises((RuleStepRefusedError, RuleNotFoundError), match=reason):
            await console.rules.withdraw(version, "来不及了吧", by="qian")


async def test_a_damaged_version_is_refused_by_name_and_the_last_good_one_holds(
    console: Console, tmp_path: Path
) -> None:
    good = await console.publish()
    assert await console.led() == ("body-housing", good)
    bad = await console.publish({**TO_HOUSING, "lead": "body-market"})
    reloading, fresh = Reloading(console.holder, published=console.published), CatalogueHolder(console.city)
    for values in ({"body": "{}"}, {"valid_from": TODAY - timedelta(days=1)}):
        async with console.store.database.writing() as connection:
            await connection.execute(
                update(rule_versions).where(rule_versions.c.version == bad).values(**values)
            )
        assert await console.led() == ("body-housing", good)
        assert console.published.refused == {bad: "内容与发布时的校验值不符"}
        assert not await reloading.is_sound()
    started = PublishedRules(SqlRules(console.store.database), fresh, lambda: TODAY)
    await started.look()
    assert RuleRouter(console.city, fresh).route(HEATING, at=NOW).catalogue_version == good
    away = Database(f"sqlite+aiosqlite:///{tmp_path / 'gone.sqlite3'}")
    await PublishedRules(SqlRules(away), fresh, lambda: TODAY).look()
    await away.close()
    told: list[str] = []
    for url in (
        f"sqlite+aiosqlite:///{tmp_path / 'gone.sqlite3'}",
        "postgresql+asyncpg://hotline@127.0.0.1:1/none",
    ):
        router = await router_in_force(console.city, url, TODAY, told.append)
        assert router.route(HEATING, at=NOW).catalogue_version == "linyi-2026.1"
    assert told == ["数据库读不到，没有算上工作台发布的派单规则"]
    url = console.store.database.engine.url.render_as_string(hide_password=False)
    router = await router_in_force(console.city, url, TODAY, told.append)
    assert router.route(HEATING, at=NOW).catalogue_version == good
    assert RuleRouter(console.city, fresh).route(HEATING, at=NOW).catalogue_version == good
    back = await console.rules.roll_back(good, "恢复好的版本", by="qian")
    assert await console.led() == ("body-housing", back.version)
    assert (console.published.refused, await reloading.is_sound()) == ({}, True)


async def test_drafts_of_two_people_do_not_overwrite_each_other(console: Console) -> None:
    rules = console.rules
    slow = await rules.start("税费分类调整", TODAY, by="sun")
    slow = await rules.edit(slow.id, "tax", {**TAX, "lead": "body-finance"}, None, slow.revision, by="sun")
    with pytest.raises(StaleRulesError):
        await rules.edit(slow.id, "heat", TO_HOUSING, None, slow.revision - 1, by="zheng")
    clash = await rules.start("供热再调整", TODAY, by="sun")
    clash = await rules.edit(
        clash.id, "heat", {**HEAT, "lead": "body-market"}, None, clash.revision, by="sun"
    )
    head = await console.publish()
    await console.tried(slow)
    with pytest.raises(RuleStepRefusedError, match=f"rules_base: {head.replace('+', '.')}"):
        await rules.submit(slow.id, slow.revision, by="sun")
    slow = await rules.rebase(slow.id, slow.revision, by="sun")
    assert (slow.base, (await rules.draft_text(slow)).row("heat").data["lead"]) == (head, "body-housing")  # type: ignore[union-attr]
    with pytest.raises(RuleStepRefusedError, match="rules_conflict: 规则 heat"):
        await rules.rebase(clash.id, clash.revision, by="sun")


async def test_rows_come_and_go_and_what_is_wrong_is_not_kept(console: Console) -> None:
    rules, by = console.rules, {"by": "zheng"}
    new = {**HEAT, "id": "heat-zone", "area": ["zone"], "lead": "body-housing", "supporting": []}
    draft = await rules.start("功能区供热单列", TODAY, **by)
    draft = await rules.edit(draft.id, "heat-zone", new, "heat-fee", draft.revision, **by)
    again = {**new, "supporting": ["place"]}
    draft = await rules.edit(draft.id, "heat-zone", again, "heat-fee", draft.revision, **by)
    taken = await rules.check_row(draft, "", {**new, "id": "tax"}, "heat")
    lost = await rules.check_row(draft, "heat-zone", new, "nowhere")
    assert [(each.field, each.text) for each in (*taken, *lost)] == [
        ("id", "规则编号 tax 已经有了"), ("before", "规则 heat-zone")
    ]  # fmt: skip
    for row, data in (("heat", {**HEAT, "lead": "body-nobody"}), ("heat", {**HEAT, "basis": ""})):
        with pytest.raises(RuleStepRefusedError, match="rules_mistakes"):
            await rules.edit(draft.id, row, data, None, draft.revision, **by)
    for step in (
        rules.edit(draft.id, "nowhere", None, None, draft.revision, **by),
        rules.expect(draft.id, NOT_WARM, "body-nobody", "职责已调整", draft.revision, **by),
        rules.text("v9"), rules.store.get("c9"), rules.store.version("v9"),
    ):  # fmt: skip
        with pytest.raises(RuleNotFoundError):
            await step
    draft = await rules.edit(draft.id, "tax", None, None, draft.revision, **by)
    assert [row.id for row in (await rules.draft_text(draft)).rows] == [
        "heat-zone",
        "heat-fee",
        "heat",
        "rest",
    ]
    draft = await rules.undo(draft.id, "tax", draft.revision, **by)
    draft = await rules.undo(draft.id, "heat-zone", draft.revision, **by)
    assert draft.changes == ()
    draft = await rules.plan(draft.id, "功能区供热另行安排", TODAY + timedelta(days=9), draft.revision, **by)
    await rules.discard(draft.id, "不再需要了", draft.revision, **by)
    assert [each.reason for each in await rules.store.listed(ChangeSetStatus.DISCARDED)] == [
        "功能区供热另行安排"
    ]


async def test_a_process_of_its_own_tries_what_the_record_holds(store: SqlStore, console: Console) -> None:
    """Newest first, a few at a time; a trial that fails says so, and one whose database is away leaves no trace."""
    await keep(
        store, *(an_order(f"2611230000{index}", minutes=index, appeal=HEATING) for index in range(1, 5))
    )
    kept = KeptOrders(store)
    assert [each.number[-1] for each in await kept.newest(NOW + timedelta(minutes=2), limit=2)] == ["4", "3"]
    if not store.database.is_sqlite:
        return  # the process is the same whatever the database
    draft = await console.draft()
    old, new = await console.rules.text(draft.base), await console.rules.draft_text(draft)
    orders = tuple(await kept.newest(NOW, limit=9))
    work = TrialWork(console.city.folder, old, new, orders, NOW)
    found = await tried_in_own_process(work)
    assert (found.orders, found.moved, found) == (4, 4, tried_here(work))
    assert tried_here(replace(work, city=Path("/nowhere"))).mistakes[0].startswith("/nowhere")
    console.rules.trials._run = out_of_order
    shown = await console.tried(draft)
    assert shown.found == Trial(mistakes=("试算没有完成，请重试",))
    with pytest.raises(RuleStepRefusedError, match="rules_mistakes: 试算没有完成"):
        shown.check()
