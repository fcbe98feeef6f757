"""What citizens do themselves: they prove a telephone, see their own orders, act on them, and learn nothing of others'."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from hotline.city import City, load_city
from hotline.domain.appeal import AppealKind, PhoneNumber, Secrecy
from hotline.domain.citizen_view import CitizenDeed
from hotline.domain.deeds import (
    AddFacts,
    AskSupplement,
    Contact,
    Divert,
    Evidence,
    PassReview,
    Reply,
    Resolution,
    Satisfaction,
    SignFor,
)
from hotline.domain.diversion import Diversion, DiversionOutcome
from hotline.domain.errors import CityConfigError, DeedRefusedError, IllegalTransitionError
from hotline.domain.life_cycle import Status, Step
from hotline.domain.notices import messages
from hotline.domain.people import CITIZEN, MACHINE
from hotline.domain.proofs import NoProofError, Proof, ProofRefusedError
from hotline.domain.work_order import WorkOrder
from hotline.service.casework import Casework
from hotline.service.confidential import Confidential
from hotline.service.registration import Registration
from hotline.service.self_service import RATED_ALREADY, URGED_LATELY, CodeWords, Rating, SelfService
from hotline.service.self_service_rules import SelfServiceRules, load_self_service_rules
from hotline.store.outbox import SqlOutbox
from hotline.store.proof_codes import SqlProofCodes
from hotline.store.relay import SqlRelayStore
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from router.time_tables import load_time_limits
from tests.builders import LINYI, NOW, PHONE, an_appeal
from tests.databases import lay_out
from tests.unit.hotline.service.test_registration import FixedRouter
from tests.work_orders import LANSHAN_UNIT, REVIEWER, a_decision, a_registered_order, an_order, change, keep

CITY = load_city(LINYI)
LIMITS = load_time_limits(CITY)
SEAL = Seal("tests only: " + "x" * 32)
STRANGER = PhoneNumber("13905390009")
GOOD = Rating(Resolution.RESOLVED, Satisfaction.SATISFIED, Satisfaction.SATISFIED)
BAD = replace(GOOD, resolution=Resolution.UNRESOLVED, result=Satisfaction.DISSATISFIED, remark="还是不热")
MINE = Proof(PHONE, NOW + timedelta(days=9), "app")
REPLY = Reply("已经修好", "已修好", contact=Contact(NOW, "电话", (Evidence("e1"),)))


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'hotline.sqlite3'}"
    await lay_out(url)
    store = SqlStore(url, SEAL)
    yield store
    await store.close()


@pytest.fixture
def service(store: SqlStore) -> SelfService:
    ids = count(1)
    return SelfService(
        store,
        Casework(store, lambda: LIMITS, CITY.units),
        SqlProofCodes(store.database, SEAL),
        Confidential(store, SqlRelayStore(store.database, SEAL)),
        rules=SelfServiceRules(),
        words=CodeWords(lambda code, number, minutes: f"{code}：{number}，{minutes}分钟", lambda digits: "7" * digits, lambda: f"i{next(ids)}"),
        unit_name=lambda code: CITY.units[code].name,
    )  # fmt: skip


async def sent(store: SqlStore, number: str) -> list[str]:
    box, found = SqlOutbox(store.database, SEAL), []
    for index in range(1, 9):
        found += [one.message.body["text"] for one in await box.written(f"sms:i{index}", number)]
    return found


async def test_a_code_to_the_telephone_on_record_opens_all_orders_of_that_telephone(
    service: SelfService, store: SqlStore
) -> None:
    secret = an_order("26112300002", 5, appeal=an_appeal(secrecy=Secrecy.CONFIDENTIAL, text="匿名举报"))
    other = an_order("26112300003", 6, appeal=an_appeal(phone=STRANGER))
    await keep(store, an_order(), secret, other)
    await service.send_code("26112300001", at=NOW)
    assert await sent(store, "26112300001") == ["777777：26112300001，10分钟"]
    with pytest.raises(ProofRefusedError):
        await service.prove("26112300001", "777770", at=NOW)
    proof = await service.prove("26112300001", "777777", at=NOW)
    assert (proof.phone, proof.until) == (PHONE, later(30))
    found = await service.orders_of(proof, at=later(1))
    assert [order.number for order in found] == ["26112300002", "26112300001"]
    assert found[0].text == "匿名举报"
    with pytest.raises(NoProofError):
        await service.orders_of(proof, at=later(31))


async def test_a_borrowed_telephone_learns_nothing_of_secret_orders_and_strangers_nothing_at_all(
    service: SelfService, store: SqlStore
) -> None:
    secret = an_order("26112300002", appeal=an_appeal(kind=AppealKind.TIP_OFF))
    await keep(store, an_order(), secret)
    news = await service.news("26112300001")
    assert (news.number, news.status, news.lead_unit_name) == (
        "26112300001",
        Status.TO_SIGN,
        "兰山区人民政府",
    )
    for unknown in ("26112300002", "26112399999"):
        with pytest.raises(NoProofError):
            await service.news(unknown)
    theirs = Proof(STRANGER, later(30), "code")
    for number in ("26112300001", "26112300002", "26112399999"):
        with pytest.raises(NoProofError):
            await service.order(number, theirs, at=NOW)
        with pytest.raises(NoProofError):
            await service.urge(number, "", theirs, at=NOW)
    assert await service.orders_of(theirs, at=NOW) == []


async def test_asking_for_a_code_tells_nothing(service: SelfService, store: SqlStore) -> None:
    await keep(store, an_order(appeal=an_appeal(phone=None)))
    for number in ("26112300001", "26112399999"):
        await service.send_code(number, at=NOW)
        with pytest.raises(ProofRefusedError):
            await service.prove(number, "777777", at=NOW)
    await keep(store, an_order("26112300002"))
    for _ in range(5):
        await service.send_code("26112300002", at=NOW)
    assert len(await sent(store, "26112300002")) == 3


async def test_who_joined_an_order_proves_themselves_by_their_own_record(
    service: SelfService, store: SqlStore
) -> None:
    await keep(store, an_order("26112200001"))
    registration = Registration(store, FixedRouter(a_decision()), CITY, Casework(store, lambda: LIMITS, CITY.units))  # fmt: skip
    await registration.merge(
        "26112200001", an_appeal(phone=STRANGER, text="我家也不热"), conversation="c2", told="已并入", at=later(3)
    )  # fmt: skip
    (record,) = [order for order in await store.recent() if order.merged_into]
    await service.send_code(record.number, at=later(4))
    proof = await service.prove(record.number, "777777", at=later(5))
    found = await service.order(record.number, proof, at=later(6))
    assert (found.number, found.handled_as, found.text) == (record.number, "26112200001", "我家也不热")
    assert (await service.order("26112200001", proof, at=later(6))).text == "我家也不热"
    added = await service.add_facts(record.number, "老人住院了", proof, at=later(7))
    assert added.steps[-1].step is Step.ADD_FACTS


async def joined(store: SqlStore, number: str) -> str:
    """A stranger's record, merged into the order ``number``."""
    registration = Registration(store, FixedRouter(a_decision()), CITY, Casework(store, lambda: LIMITS, CITY.units))  # fmt: skip
    await registration.merge(
        number, an_appeal(phone=STRANGER, text="我家也不热"), conversation="c2", told="已并入", at=later(3)
    )  # fmt: skip
    (record,) = [order.number for order in await store.recent() if order.merged_into == number]
    return record


THEIRS = Proof(STRANGER, NOW + timedelta(days=9), "app")


async def test_one_of_several_citizens_who_wants_no_more_is_noted_and_the_order_goes_on_for_the_others(
    service: SelfService, store: SqlStore
) -> None:
    await keep(store, an_order("26112200001"))
    record = await joined(store, "26112200001")
    left = await service.withdraw(record, "我家好了", THEIRS, at=later(4))
    assert (left.number, left.status, left.steps[-1].step) == (record, Status.TO_SIGN, Step.ADD_FACTS)
    assert CitizenDeed.WITHDRAW not in left.may
    assert await service.goes_on(record, THEIRS, at=later(4))
    order = await store.get("26112200001")
    assert order.last(AddFacts) == AddFacts(f"{record}: 我家好了")
    order = await change(store, order, SignFor(), by=LANSHAN_UNIT, at=later(5))
    order = await change(store, order, REPLY, by=LANSHAN_UNIT, at=later(6))
    answered = list(messages(order, order.after(PassReview(), by=REVIEWER, at=later(7))))
    assert [one.destination for one in answered] == ["citizen:26112200001", f"citizen:{record}"]
    with pytest.raises(DeedRefusedError):
        await service.withdraw(record, " ", THEIRS, at=later(8))
    with pytest.raises(
        IllegalTransitionError
    ) as refused:  # its unit has replied: alone one would be refused, too
        await service.withdraw(record, "我家好了", THEIRS, at=later(8))
    assert refused.value.step is Step.WITHDRAW


async def test_a_record_is_followed_to_the_order_that_it_went_into_at_last(
    service: SelfService, store: SqlStore
) -> None:
    neighbour = PhoneNumber("13905390003")
    await keep(store, an_order("26112200001"), an_order("26112200009", 1, appeal=an_appeal(phone=neighbour)))
    record = await joined(store, "26112200001")
    await Casework(store, lambda: LIMITS, CITY.units).merge(
        "26112200001", "26112200009", told="已并入", reason="同一事项", by=REVIEWER, at=later(4)
    )
    assert (await service.news(record)).number == "26112200009"
    assert (await service.order(record, THEIRS, at=later(5))).handled_as == "26112200009"
    urged = await service.urge(record, "请快一点", THEIRS, at=later(6))
    assert (urged.status, urged.steps[-1].step) == (Status.TO_SIGN, Step.URGE)
    by_number = Proof(None, later(60), "code", frozenset({record}))
    assert [each.handled_as for each in await service.orders_of(by_number, at=later(7))] == ["26112200009"]
    await service.send_code(record, at=later(8))
    assert (await service.prove(record, "777777", at=later(9))).phone == STRANGER


async def test_facts_urging_and_withdrawal_are_committed_and_reach_the_unit(
    service: SelfService, store: SqlStore
) -> None:
    await keep(store, an_order())
    await service.add_facts("26112300001", "三楼", MINE, at=later(1))
    urged = await service.urge("26112300001", "请快一点", MINE, at=later(2))
    assert [step.text for step in urged.steps[-2:]] == ["三楼", "请快一点"]
    with pytest.raises(IllegalTransitionError) as refused:
        await service.urge("26112300001", "再快一点", MINE, at=later(3))
    assert refused.value.reason == URGED_LATELY
    assert (await service.urge("26112300001", "", MINE, at=later(24 * 60 + 3))).steps[-1].step is Step.URGE
    withdrawn = await service.withdraw("26112300001", "已经修好", MINE, at=later(24 * 60 + 4))
    assert withdrawn.status is Status.WITHDRAWN
    unit = await SqlOutbox(store.database, SEAL).written("unit:county-371302", "26112300001")
    assert [one.message.kind for one in unit] == [
        "work_order.add_facts", "work_order.urge", "work_order.urge", "work_order.withdraw",
    ]  # fmt: skip
    with pytest.raises(IllegalTransitionError):
        await service.urge("26112300001", "", MINE, at=later(3 * 24 * 60))
    with pytest.raises(DeedRefusedError):
        await service.add_facts("26112300001", "  ", MINE, at=later(3 * 24 * 60))


async def replied(store: SqlStore) -> WorkOrder:
    order = an_order()
    await keep(store, order)
    order = await change(store, order, SignFor(), by=LANSHAN_UNIT, at=later(1))
    order = await change(store, order, REPLY, by=LANSHAN_UNIT, at=later(2))
    return await change(store, order, PassReview(), by=REVIEWER, at=later(3))


async def test_who_is_content_says_so_once(service: SelfService, store: SqlStore) -> None:
    await replied(store)
    rated = await service.rate("26112300001", GOOD, MINE, how="网上", at=later(5))
    assert (rated.status, rated.steps[-1].step) == (Status.TO_REVISIT, Step.REVISIT)
    with pytest.raises(IllegalTransitionError) as refused:
        await service.rate("26112300001", BAD, MINE, how="网上", at=later(6))
    assert refused.value.reason == RATED_ALREADY


async def test_who_is_not_content_has_it_handled_again(service: SelfService, store: SqlStore) -> None:
    await replied(store)
    rated = await service.rate("26112300001", BAD, MINE, how="网上", at=later(5))
    assert (rated.status, rated.steps[-1].step) == (Status.HANDLING, Step.REDO)
    revisit = (await store.get("26112300001")).history[-2].deed
    assert (getattr(revisit, "attitude", None), getattr(revisit, "remark", "")) == (
        Satisfaction.SATISFIED, "还是不热",
    )  # fmt: skip


async def test_what_is_missing_is_supplied_and_an_end_objected_to(
    service: SelfService, store: SqlStore
) -> None:
    lacking = a_registered_order(routing=None).after(AskSupplement("哪个小区"), by=MACHINE, at=NOW)
    told = Diversion(DiversionOutcome.STATUTORY_CHANNEL, "诉讼", "请向法院提出")
    ended = a_registered_order("26112300002", routing=None).after(Divert(told), by=REVIEWER, at=NOW)
    await keep(store, lacking, ended)
    assert (
        await service.supplement("26112300001", "阳光花园", MINE, at=later(1))
    ).status is Status.TO_DISPATCH
    objected = await service.object("26112300002", "我没有起诉", MINE, at=later(1))
    assert (objected.status, objected.steps[-1].text) == (Status.DIVERTED, "我没有起诉")
    (duty,) = await SqlOutbox(store.database, SEAL).written("duty", "26112300002")
    assert duty.message.kind == "work_order.object"


async def test_words_to_the_unit_go_through_the_relay_without_a_name(
    service: SelfService, store: SqlStore
) -> None:
    await keep(store, an_order(), a_registered_order("26112300002", routing=None))
    await service.write_to_unit("26112300001", "我的电话是13905390001", MINE, at=later(1))
    (message,) = await SqlRelayStore(store.database, SEAL).thread("26112300001")
    assert (message.text, message.by) == ("我的电话是***", CITIZEN)
    with pytest.raises(IllegalTransitionError):
        await service.write_to_unit("26112300002", "您好", MINE, at=later(1))


async def test_of_many_at_once_nothing_is_lost(service: SelfService, store: SqlStore) -> None:
    await keep(store, an_order())
    await asyncio.gather(
        *(service.add_facts("26112300001", f"情况{index}", MINE, at=later(1)) for index in range(3))
    )
    facts = [deed.text for deed in (await store.get("26112300001")).deeds(AddFacts)]
    assert sorted(facts) == ["情况0", "情况1", "情况2"]


async def test_every_look_is_written_down(service: SelfService, store: SqlStore) -> None:
    await keep(store, an_order())
    await service.order("26112300001", MINE, at=NOW)
    assert await store.audit_break() is None
    head = await store.audit_head()
    await service.orders_of(MINE, at=NOW)
    assert (await store.audit_head()).sequence == head.sequence + 1


async def test_without_a_way_to_send_codes_nobody_is_proved(store: SqlStore) -> None:
    silent = SelfService(
        store, Casework(store, lambda: LIMITS, CITY.units), SqlProofCodes(store.database, SEAL),
        Confidential(store, SqlRelayStore(store.database, SEAL)), rules=SelfServiceRules(), words=None, unit_name=str,
    )  # fmt: skip
    await keep(store, an_order())
    await silent.send_code("26112300001", at=NOW)
    assert (silent.sends_codes, await sent(store, "26112300001")) == (False, [])


def test_the_citys_rules_are_read_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    rules = load_self_service_rules(CITY)
    left = rules.leaving.format(number="26112300002", reason="我家好了")
    assert (rules.urge_again, left) == (
        timedelta(hours=24),
        "诉求人（登记编号26112300002）说自己的事不用再办了：我家好了",
    )
    wrong = replace(CITY, folder=tmp_path)
    for rows in ("{}", "code: {digits: 3, minutes: 1, tries: 1, per_hour: 1, per_day: 1, tries_per_day: 1}\nproved_for_minutes: 1\nurge_again_hours: 1"):  # fmt: skip
        (tmp_path / "self_service.yaml").write_text(rows, encoding="utf-8")
        with pytest.raises(CityConfigError):
            load_self_service_rules(wrong)
    assert isinstance(wrong, City)
