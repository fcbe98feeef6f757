"""Calls that may be malicious, on SQLite and PostgreSQL: flagged once, sealed, judged once and for good by a person."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.domain.errors import DeedRefusedError
from hotline.domain.nuisance import (
    Judgement,
    Measure,
    NoSuchNuisanceError,
    NuisanceJudgedError,
    Suspicion,
    Verdict,
)
from hotline.service.nuisances import FlaggedCall, Nuisances
from hotline.store.nuisances import SqlNuisances
from hotline.store.sealing import Seal
from hotline.store.tables import audit, nuisance_flags
from tests.builders import NOW, PHONE
from tests.contracts.conftest import SECRET

WORDS = ("你们都是废物",)
CALL = FlaggedCall("c1", PHONE, Suspicion.ABUSIVE, WORDS)


@pytest.fixture
def nuisances(store):
    ids = (f"n{number}" for number in range(100))
    return Nuisances(SqlNuisances(store.database, Seal(SECRET)), 3, ids.__next__)


def judgement(
    verdict=Verdict.MALICIOUS, measure=Measure.WARNED, reason="录音中反复辱骂，无诉求", by="reviewer:7"
):
    return Judgement(verdict, measure, reason, by, NOW + timedelta(hours=1))


async def test_a_conversation_is_flagged_once_and_waits_for_a_person(nuisances):
    first = await nuisances.flag(CALL, NOW)
    second = await nuisances.flag(FlaggedCall("c1", None, Suspicion.AGENT, ("又骂",)), NOW)
    assert first == second
    assert (first.words, first.suspicion, first.judgement) == (WORDS, Suspicion.ABUSIVE, None)
    assert [flag.id for flag in await nuisances.waiting()] == ["n0"]
    assert await nuisances.judged() == []


async def test_number_and_words_are_sealed(nuisances, store):
    await nuisances.flag(CALL, NOW)
    async with store.database.reading() as connection:
        row = (await connection.execute(select(nuisance_flags))).one()
    assert PHONE.digits not in str(row)
    assert WORDS[0] not in str(row)


async def test_a_person_judges_once_with_a_reason_that_is_audited(nuisances, store):
    await nuisances.flag(CALL, NOW)
    with pytest.raises(DeedRefusedError):
        await nuisances.judge("n0", judgement(reason=" "))
    with pytest.raises(DeedRefusedError):
        await nuisances.judge("n0", judgement(Verdict.HARMLESS, Measure.POLICE))
    found = await nuisances.judge("n0", judgement())
    assert found.judgement == judgement()
    with pytest.raises(NuisanceJudgedError):
        await nuisances.judge("n0", judgement(Verdict.HARMLESS, Measure.NONE))
    with pytest.raises(NoSuchNuisanceError):
        await nuisances.judge("n9", judgement())
    assert (await nuisances.waiting(), len(await nuisances.judged())) == ([], 1)
    async with store.database.reading() as connection:
        rows = await connection.execute(
            select(audit.c.action, audit.c.actor).where(audit.c.subject == "nuisance:n0")
        )
        assert [tuple(row) for row in rows] == [
            ("nuisance.flagged", "machine"),
            ("nuisance.judged", "reviewer:7"),
        ]
    assert await store.audit_break() is None


async def test_of_two_judgements_at_once_one_counts(nuisances):
    await nuisances.flag(CALL, NOW)
    outcomes = await asyncio.gather(
        nuisances.judge("n0", judgement(by="reviewer:7")),
        nuisances.judge("n0", judgement(by="reviewer:8")),
        return_exceptions=True,
    )
    assert sum(isinstance(found, NuisanceJudgedError) for found in outcomes) == 1


async def test_only_what_was_judged_malicious_is_known_of_a_number(nuisances):
    for number, verdict in enumerate((Verdict.MALICIOUS, Verdict.HARMLESS, None)):
        flag = await nuisances.flag(FlaggedCall(f"c{number}", PHONE, Suspicion.ABUSIVE, WORDS), NOW)
        if verdict is not None:
            await nuisances.judge(flag.id, judgement(verdict, Measure.NONE))
    assert await nuisances.malicious_before(PHONE) == 1


async def test_who_calls_very_often_is_shown_to_a_person_once_a_day(nuisances):
    for number in range(6):
        await nuisances.count(PHONE, f"c{number}", NOW)
    (flag,) = await nuisances.waiting()
    assert (flag.suspicion, flag.conversation, flag.calls_on_day) == (Suspicion.FREQUENT, "c3", 4)
    for number in range(3):
        await nuisances.count(PHONE, f"d{number}", NOW + timedelta(days=1))
    assert len(await nuisances.waiting()) == 1
