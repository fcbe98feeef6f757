"""What is past its time is destroyed with a certificate; what is open or archived stays. SQLite and PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, func, select

from app.retention import Destruction, load_retentions
from hotline.city import load_city
from hotline.domain.appeal import ContactChannel, PhoneNumber
from hotline.domain.callbacks import CallbackReason, CallbackState, CallbackTask, CallbackWindow
from hotline.domain.conversation_end import ConversationEnd
from hotline.domain.corrections import Correction, CorrectionOf
from hotline.domain.deeds import Answer, Archive, Conclude, PassReview, SignFor
from hotline.domain.knowledge_use import Lookup
from hotline.domain.letters import Letter, Written
from hotline.domain.linkage import Line, Linkage, LinkageState
from hotline.domain.nuisance import NuisanceFlag, Suspicion
from hotline.domain.outbox import Message
from hotline.domain.people import MACHINE
from hotline.domain.retention import GONE, Kept, Retention
from hotline.domain.unmasking import UnmaskRequest, UnmaskState
from hotline.domain.work_order import Status, Step, WorkOrder
from hotline.store.callbacks import SqlCallbacks
from hotline.store.corrections import SqlCorrections
from hotline.store.evidence import EvidenceItem, SqlEvidence
from hotline.store.knowledge_tables import lookups
from hotline.store.knowledge_use import SqlKnowledgeUse
from hotline.store.letter_values import Done, Lease
from hotline.store.letters import SqlLetters
from hotline.store.linkage import SqlLinkages
from hotline.store.nuisances import SqlNuisances
from hotline.store.order_body import dumped
from hotline.store.outbox import SqlOutbox
from hotline.store.recordings import Recording, SqlRecordings
from hotline.store.retention import SqlRetention
from hotline.store.sealing import Seal
from hotline.store.sql import SqlStore
from hotline.store.tables import audit, callback_tasks, nuisance_flags, outbox
from hotline.store.unmasking import SqlUnmaskings
from tests.builders import LINYI, NOW, PHONE, after, an_appeal
from tests.contracts.conftest import SECRET
from tests.unit.hotline.domain.test_work_order import CONTENT, REPLY
from tests.work_orders import AGENT, LANSHAN_UNIT, REVIEWER, a_registered_order, an_order, change, keep

YEARS = NOW + timedelta(days=4_000)
RULES = load_retentions(load_city(LINYI))


def rule(kept: Kept) -> Retention:
    return next(each for each in RULES if each.kept is kept)


def answered(number: str, conversation: str) -> WorkOrder:
    return a_registered_order(number, conversation=conversation, routing=None).after(
        Answer("A1"), by=MACHINE, at=NOW
    )


async def talked(store: SqlStore, conversation: str, order: str | None) -> None:
    await store.begin(conversation, channel=ContactChannel.PHONE, call_id=f"{conversation}@host", at=NOW)
    await store.append(conversation, 1, NOW, "Said", {"text": "暖气不热"})
    await store.finish(
        conversation, ConversationEnd(at=after(9), outcome="registered", article=None, work_order=order)
    )


async def test_old_conversations_go_but_those_of_open_and_archived_orders_stay(
    store: SqlStore, tmp_path: Path
) -> None:
    closed = answered("26112300001", "closed")
    archived = answered("26112300002", "archived").after(Archive(), by=MACHINE, at=NOW)
    await keep(store, closed, archived, an_order("26112300003", conversation="open"))
    for conversation, order in (
        ("closed", "26112300001"),
        ("archived", "26112300002"),
        ("open", "26112300003"),
        ("none", None),
    ):
        await talked(store, conversation, order)
    retention = SqlRetention(store.database, Seal(SECRET), tmp_path, tmp_path)
    assert await retention.count(rule(Kept.JOURNALS), after(60)) == 0
    assert await retention.count(rule(Kept.JOURNALS), YEARS) == 2
    certificate = await retention.destroy(rule(Kept.JOURNALS), YEARS, by="operator")
    assert certificate is not None
    assert (certificate.count, certificate.by) == (2, "operator")
    assert {each: len(await store.read(each)) for each in ("closed", "none", "open", "archived")} == {
        "closed": 0, "none": 0, "open": 1, "archived": 1,
    }  # fmt: skip
    assert await retention.destroy(rule(Kept.JOURNALS), YEARS, by="operator") is None
    assert await store.audit_break() is None


async def test_an_old_closed_order_keeps_its_figures_and_loses_its_people(
    store: SqlStore, tmp_path: Path
) -> None:
    await keep(store, answered("26112300001", "c1"), an_order("26112300002"))
    corrected = SqlCorrections(store.database, Seal(SECRET))
    for number in ("26112300001", "26112300002"):
        of = CorrectionOf.CATEGORY
        await corrected.add(Correction(number, number, of, "家里暖气不热", "0102", "010101", "1024", NOW))
    retention = SqlRetention(store.database, Seal(SECRET), tmp_path, tmp_path)
    certificate = await retention.destroy(rule(Kept.WORK_ORDERS), YEARS, by="operator")
    assert certificate is not None
    assert certificate.count == 1
    assert [each.order for each in await corrected.listed(None, limit=5)] == ["26112300002"]
    order = await store.get("26112300001")
    assert (order.appeal.text, order.appeal.phone, order.appeal.category) == (GONE, None, "0101")
    assert [each.number for each in await store.of_citizen(PhoneNumber("13905390001"))] == ["26112300002"]
    assert (await store.get("26112300002")).appeal.text == "家里暖气不热"
    assert await retention.destroy(rule(Kept.WORK_ORDERS), YEARS, by="operator") is None


async def test_every_batch_has_a_certificate_that_matches_its_audit_row(
    store: SqlStore, tmp_path: Path
) -> None:
    await keep(store, *(answered(f"2611230000{index}", f"c{index}") for index in range(1, 4)))
    for index in range(1, 4):
        await talked(store, f"c{index}", f"2611230000{index}")
    destruction = Destruction(
        SqlRetention(store.database, Seal(SECRET), tmp_path, tmp_path), RULES, tmp_path / "destruction"
    )
    assert await destruction.past(YEARS) == {
        Kept.RECORDINGS: 0,
        Kept.JOURNALS: 3,
        Kept.LETTERS: 0,
        Kept.EVIDENCE: 0,
        Kept.CALLBACKS: 0,
        Kept.NUISANCES: 0,
        Kept.MESSAGES: 0,
        Kept.DEAD_MESSAGES: 0,
        Kept.WORK_ORDERS: 3,
    }
    told: list[int] = []
    assert await destruction.run(YEARS, by="operator", tell=told.append) == 6
    assert told == [3, 6]
    certificates = [
        json.loads(file.read_text()) for file in sorted((tmp_path / "destruction").glob("*.json"))
    ]
    async with store.database.reading() as connection:
        rows = (
            await connection.execute(select(audit.c.detail).where(audit.c.action == "retention.destroyed"))
        ).scalars()
        digests = {json.loads(row)["digest"] for row in rows}
    assert {each["digest"] for each in certificates} == digests
    assert await store.audit_break() is None


def test_nothing_is_kept_shorter_than_the_law_says() -> None:
    assert all(each.days >= 180 for each in RULES)
    assert pytest.approx(rule(Kept.MESSAGES).days / 365, 0.01) == 3


async def test_the_time_runs_from_the_last_step_and_no_words_about_people_stay(
    store: SqlStore, tmp_path: Path
) -> None:
    named = replace(REPLY, to_citizen="李建国，电话13905390001，已修好", public="李建国家已修好")
    order = an_order(appeal=an_appeal(citizen_name="李建国"), conversation="c1")
    for deed, by in (
        (SignFor(), LANSHAN_UNIT),
        (named, LANSHAN_UNIT),
        (PassReview("李建国认可"), REVIEWER),
        (CONTENT, AGENT),
    ):
        order = order.after(deed, by=by, at=NOW)
    await keep(store, order)
    await change(store, order, Conclude("李建国满意"), by=AGENT, at=YEARS - timedelta(days=1))
    retention = SqlRetention(store.database, Seal(SECRET), tmp_path, tmp_path)
    assert await retention.count(rule(Kept.WORK_ORDERS), YEARS) == 0
    much_later = YEARS + timedelta(days=4_000)
    assert await retention.destroy(rule(Kept.WORK_ORDERS), much_later, by="operator") is not None
    kept = await store.get(order.number)
    written = dumped(kept).decode()
    assert "李建国" not in written
    assert "13905390001" not in written
    assert (kept.status, kept.count(Step.REPLY), kept.revisits[-1].result) == (
        Status.CONCLUDED,
        1,
        CONTENT.result,
    )


async def test_old_recordings_go_with_their_files_but_those_of_open_orders_stay(
    store: SqlStore, tmp_path: Path
) -> None:
    await keep(store, answered("26112300001", "closed"), an_order("26112300003", conversation="open"))
    rows = SqlRecordings(store.database)
    for conversation, order in (("closed", "26112300001"), ("open", "26112300003"), ("none", None)):
        await talked(store, conversation, order)
        (tmp_path / f"{conversation}.rec").write_bytes(b"sealed")
        await rows.begin(Recording(conversation, f"{conversation}.rec", NOW))
    retention = SqlRetention(store.database, Seal(SECRET), tmp_path, tmp_path)
    assert await retention.count(rule(Kept.RECORDINGS), after(60)) == 0
    certificate = await retention.destroy(rule(Kept.RECORDINGS), YEARS, by="operator")
    assert certificate is not None
    assert certificate.count == 2
    assert [path.name for path in sorted(tmp_path.glob("*.rec"))] == ["open.rec"]
    assert [await rows.get(each) is not None for each in ("closed", "none", "open")] == [False, False, True]


async def test_letters_and_pictures_of_open_orders_stay_and_those_past_their_time_go_with_their_files(
    store: SqlStore, tmp_path: Path
) -> None:
    await keep(store, answered("26112300001", "closed"), an_order("26112300002", conversation="open"))
    letters, kept = (
        SqlLetters(store.database, Seal(SECRET)), SqlEvidence(store.database, Seal(SECRET), tmp_path)
    )  # fmt: skip
    lease = Lease("me", after(60))
    for talk in ("closed", "open"):
        letter = Letter(
            f"k-{talk}", f"sms:{talk}", ContactChannel.SMS, NOW, Written("暖气不热"), {"phone": "1"}
        )
        claimed = (await letters.receive(letter, lease, NOW)).claimed
        assert claimed is not None
        await letters.finish(
            Done(claimed, claimed.correspondent, NOW, ("收到",), conversation=talk, begins=NOW), lease
        )
        digest = kept.write(talk, f"{talk}.evidence", b"a picture")
        await kept.add(EvidenceItem(talk, talk, None, NOW, "image/jpeg", 9, f"{talk}.evidence", digest))
    retention = SqlRetention(store.database, Seal(SECRET), tmp_path, tmp_path)
    for category in (Kept.LETTERS, Kept.EVIDENCE):
        assert await retention.count(rule(category), after(60)) == 0
        certificate = await retention.destroy(rule(category), YEARS, by="operator")
        assert certificate is not None
        assert certificate.count == 1
    assert await letters.correspondent("sms:closed") is None
    assert await letters.correspondent_of("open") is not None
    assert sorted(file.name for file in tmp_path.glob("*.evidence")) == ["open.evidence"]
    assert await store.audit_break() is None


async def sealed_rows(store: SqlStore, *columns: Column[bytes]) -> list[int]:
    """Return how many rows of each column hold something sealed."""
    async with store.database.reading() as connection:
        return [
            (await connection.execute(select(func.count()).where(each != b""))).scalar_one()
            for each in columns
        ]


async def test_the_same_words_do_not_outlive_the_journal_elsewhere(store: SqlStore, tmp_path: Path) -> None:
    """The question that was looked up, the callback task, the flag and the dead letter hold what the journal held."""
    seal = Seal(SECRET)
    await keep(store, answered("26112300001", "closed"), an_order("26112300002", conversation="open"))
    use, tasks = SqlKnowledgeUse(store.database, seal), SqlCallbacks(store.database, seal)
    flags, box = SqlNuisances(store.database, seal), SqlOutbox(store.database, seal)
    window = CallbackWindow(after(10), after(20))
    for talk, order in (("closed", "26112300001"), ("open", "26112300002")):
        await talked(store, talk, order)
        await use.keep(talk, [Lookup(1, NOW, "暖气不热", "0101", "A1", 1, 0.9, True, None)])
        task = CallbackTask(talk, PHONE, CallbackReason.NO_AGENT, "暖气不热", talk, window, NOW)
        await tasks.add(replace(task, state=CallbackState.DONE))
        await flags.add(NuisanceFlag(talk, talk, PHONE, Suspicion.AGENT, ("暖气不热",), 1, NOW))
    waits = CallbackTask("waits", PHONE, CallbackReason.MISSED, "暖气不热", "missed", window, NOW)
    await tasks.add(waits)
    await box.write(Message("sms:1", "citizen.code", "1", {"phone": PHONE.digits}, "dead"), at=NOW)
    (letter,) = await box.claim(NOW, lease=timedelta(minutes=1), limit=1)
    await box.mark_failed(letter, "HTTP 400", retry_at=None)
    await box.write(Message("sms:2", "citizen.code", "2", {"phone": PHONE.digits}, "pending"), at=NOW)
    columns = lookups.c.question, callback_tasks.c.body, nuisance_flags.c.body, outbox.c.body
    assert await sealed_rows(store, *columns) == [2, 3, 2, 2]
    retention = SqlRetention(store.database, seal, tmp_path, tmp_path)
    for kept in (Kept.JOURNALS, Kept.CALLBACKS, Kept.NUISANCES, Kept.DEAD_MESSAGES):
        assert await retention.destroy(rule(kept), after(60), by="operator") is None
        certificate = await retention.destroy(rule(kept), YEARS, by="operator")
        assert certificate is not None
        assert (kept, certificate.count) == (kept, 1)
        assert await retention.destroy(rule(kept), YEARS, by="operator") is None
    # What is left belongs to the open order, is still to be done, or is still to be sent.
    assert await sealed_rows(store, *columns) == [1, 2, 1, 1]
    assert [each.id for each in await tasks.open_tasks(limit=5)] == ["waits"]
    assert [(each.question, each.article) for each in await use.of_conversation("closed")] == [(GONE, "A1")]
    (figures,) = await use.uses(NOW, YEARS)
    assert (figures.found, figures.answered) == (2, 2)
    assert await store.audit_break() is None


async def test_what_was_looked_up_goes_also_where_the_journal_went_before(
    store: SqlStore, tmp_path: Path
) -> None:
    await talked(store, "c1", None)
    retention = SqlRetention(store.database, Seal(SECRET), tmp_path, tmp_path)
    assert await retention.destroy(rule(Kept.JOURNALS), YEARS, by="operator") is not None
    use = SqlKnowledgeUse(store.database, Seal(SECRET))
    await use.keep("c1", [Lookup(1, NOW, "暖气不热", "0101", "A1", 1, 0.9, True, None)])
    assert await retention.destroy(rule(Kept.JOURNALS), YEARS, by="operator") is not None
    assert await sealed_rows(store, lookups.c.question) == [0]


async def test_an_old_order_takes_the_texts_of_its_handovers_and_of_who_asked_to_see_its_citizen(
    store: SqlStore, tmp_path: Path
) -> None:
    seal = Seal(SECRET)
    await keep(store, answered("26112300001", "c1"), an_order("26112300002"))
    asked, handed = SqlUnmaskings(store.database, seal), SqlLinkages(store.database, seal)
    for number in ("26112300001", "26112300002"):
        request = UnmaskRequest(number, number, "zhao", "李建国家属来电", NOW)
        await asked.add(request)
        refused = request.refused(by="qian", at=NOW, note="李建国不同意")
        await asked.change(number, lambda _, refused=refused: refused, by="qian", at=NOW)  # type: ignore[misc]
        linkage = Linkage(number, Line.COURT, NOW, reason="李建国欠薪", note="李建国已起诉")
        await handed.commit(linkage, expected=None, by="zhao", at=NOW)
    retention = SqlRetention(store.database, seal, tmp_path, tmp_path)
    assert await retention.destroy(rule(Kept.WORK_ORDERS), YEARS, by="operator") is not None
    found = [
        (one.reason, one.note, one.state, other.reason, other.note, other.line)
        for number in ("26112300001", "26112300002")
        for one in await asked.of(number, "zhao")
        for other in await handed.of_order(number)
    ]
    assert found == [
        (GONE, GONE, UnmaskState.REFUSED, GONE, GONE, Line.COURT),
        ("李建国家属来电", "李建国不同意", UnmaskState.REFUSED, "李建国欠薪", "李建国已起诉", Line.COURT),
    ]
    (linkage,) = await handed.of_order("26112300001")
    settled = linkage.decided(LinkageState.ACCEPTED, by="qian", at=NOW)
    await handed.commit(settled, expected=linkage.revision, by="qian", at=NOW)
