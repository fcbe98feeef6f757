"""A whole call: the real dialogue on the phone channel, in virtual time; only line, engines and store are stand-ins."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from hotline.dialogue.actions import Outcome
from hotline.domain.appeal import AppealKind
from hotline.domain.errors import EngineUnavailableError
from hotline.service.conversations import Conversations, Surroundings
from ivr.channel import PhoneChannel
from ivr.line import TransferResult
from ivr.phone_settings import PhoneSettings, TurnMetrics, read_backchannels
from ivr.putting_through import People
from tests.builders import LANSHAN, LINYI, a_complaint, a_meaning, a_passage, a_session
from tests.fakes import FakeLogBook, FakeRegistration, FakeRetriever, FakeUnderstander
from tests.unit.ivr.fakes import (
    FakeLine,
    LoudnessDetector,
    ScriptedRecognizer,
    ScriptedSynthesizer,
    clock,
    now,
    run,
)

COMPLAINT = "兰山区银雀山街道暖气不热"
QUESTION = "什么时候供暖"
SLOWLY = "我想一下"
MEANINGS = {
    COMPLAINT: a_complaint(COMPLAINT, place=LANSHAN),
    QUESTION: a_complaint(QUESTION, kind=AppealKind.INQUIRY),
    SLOWLY: a_meaning(SLOWLY),
}
AGENT = "sip:agent@127.0.0.1"
FIRE = "sip:119@127.0.0.1"
FILLER = "请稍等"


class Caller:
    """Speaks when the hotline has finished, as people do; keeps the longest silence heard while an answer was due."""

    def __init__(self, *heard: str | Exception, decode_seconds: float = 0.5) -> None:
        self.recognizer = ScriptedRecognizer(*heard, seconds=decode_seconds)
        self.registration = FakeRegistration()
        self.turns: list[TurnMetrics] = []
        self.longest_silence = 0.0

    async def call(self, *, times: int, interrupts: bool = False) -> Outcome:
        self.line = FakeLine()
        self.line.answers = {AGENT: TransferResult.ANSWERED, FIRE: TransferResult.ANSWERED}
        world = Surroundings(
            new_session=a_session,
            understander=FakeUnderstander(MEANINGS),
            retriever=FakeRetriever(a_passage()),
            registration=self.registration,
            log_book=FakeLogBook(),
            unit_name=str,
            clock=clock,
        )
        channel = PhoneChannel(
            self.line,
            self.recognizer,
            ScriptedSynthesizer(),
            LoudnessDetector(),
            PhoneSettings(backchannels=read_backchannels(LINYI), fillers=(FILLER,)),
            clock=clock,
            conversation="c1",
            people=People({"agent": AGENT, "119": FIRE}),
            on_turn=self.turns.append,
        )
        holding = asyncio.create_task(Conversations(world).hold(channel))
        for _ in range(times):
            await self._until_spoken_to(interrupts=interrupts)
            spoke = now()
            self.line.speak(1.2)
            await asyncio.sleep(1.3)
            await self._until(lambda: self.line.queued_seconds > 0)
            self.longest_silence = max(self.longest_silence, now() - spoke - 1.2)
        if self.line.is_open:
            asyncio.get_running_loop().call_later(120, self.line.hang_up_caller)
        return await holding

    async def _until_spoken_to(self, *, interrupts: bool) -> None:
        await self._until(lambda: self.line.queued_seconds > 0)
        if not interrupts:
            await self._until(lambda: self.line.queued_seconds == 0)
        await asyncio.sleep(0.5)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(3_000):
            if is_so() or not self.line.is_open:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(self.line.sounds)

    @property
    def was_told(self) -> str:
        return "".join(text for _, text in self.line.sounds)


def test_a_question_is_answered_and_the_call_ends():
    caller = Caller(QUESTION, "没有了")
    assert run(caller.call(times=2)) is Outcome.ANSWERED
    assert "采暖期是十一月十日" in caller.was_told
    assert caller.line.did[-1][1] == "hang up"
    assert [turn.was_ahead for turn in caller.turns] == [True, True]
    assert max(turn.first_sound for turn in caller.turns) < 1.2


def test_a_complaint_becomes_a_work_order_whose_number_is_heard():
    caller = Caller(COMPLAINT, "对", "没有了")
    assert run(caller.call(times=3)) is Outcome.REGISTERED
    assert [appeal.place for appeal in caller.registration.appeals] == [LANSHAN]
    assert "261123 00001" in caller.was_told


def test_who_answers_before_the_greeting_is_over_is_heard():
    caller = Caller(QUESTION, "没有了", "没有了")
    assert run(caller.call(times=3, interrupts=True)) is Outcome.ANSWERED
    assert "stop" in [what for _, what in caller.line.did]


@pytest.mark.parametrize(("words", "address"), [("转人工", AGENT), ("我家着火了", FIRE)])
def test_the_caller_is_put_through_at_once(words, address):
    caller = Caller(words)
    outcome = run(caller.call(times=1))
    assert outcome is (Outcome.AGENT if address == AGENT else Outcome.EMERGENCY)
    assert f"transfer {address}" in [what for _, what in caller.line.did]


@pytest.mark.parametrize(("failures", "sentences"), [(1, 2), (2, 3)])
def test_a_recogniser_killed_in_mid_call_costs_no_more_than_a_sentence_and_no_silence(failures, sentences):
    killed = EngineUnavailableError("whisper", "killed")
    caller = Caller(*[killed] * failures, QUESTION, "没有了")
    assert run(caller.call(times=sentences)) is Outcome.ANSWERED
    assert caller.longest_silence < 2.0


def test_a_recogniser_that_hangs_is_covered_by_a_filler():
    caller = Caller("晚", "晚", decode_seconds=60.0)
    run(caller.call(times=2))
    assert caller.longest_silence < 2.0
    assert FILLER in caller.was_told


def test_a_silent_caller_is_put_through_in_the_end():
    caller = Caller()
    assert run(caller.call(times=0)) is Outcome.AGENT
    assert caller.longest_silence == 0.0


def test_the_answer_to_every_turn_is_measured():
    caller = Caller(COMPLAINT, "对", "没有了")
    run(caller.call(times=3))
    assert len(caller.turns) == 3
    for earlier, later in itertools.pairwise(("end_decided", "words_known", "first_sound")):
        assert all(getattr(turn, earlier) <= getattr(turn, later) for turn in caller.turns)
