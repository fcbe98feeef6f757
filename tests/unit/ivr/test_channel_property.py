"""Whatever caller, dialogue and engines do, in any order: nothing is left unfinished and nobody waits for ever."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.dialogue.actions import Listen, Say, StopSaying
from hotline.dialogue.events import FellSilent, PromptFinished, Said, SpeechStarted
from hotline.domain.errors import EngineUnavailableError
from hotline.domain.speech import Expected
from ivr.phone_settings import PhoneSettings
from tests.unit.ivr.fakes import Call, ScriptedRecognizer, ScriptedSynthesizer, run

DOWN = EngineUnavailableError("scripted", "away")
SETTINGS = PhoneSettings(backchannels=frozenset({"嗯"}), fillers=("请稍等",))

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("speak"), st.floats(0.05, 3.0)),
        st.tuples(st.just("pause"), st.floats(0.05, 2.0)),
        st.tuples(st.just("wait"), st.floats(0.0, 3.0)),
        st.tuples(st.just("say"), st.booleans()),
        st.tuples(st.just("ask"), st.sampled_from(list(Expected))),
        st.tuples(st.sampled_from(["stop", "press", "mute"]), st.none()),
    ),
    max_size=14,
)
HEARD = st.lists(st.sampled_from(["路灯坏了", "嗯", "", DOWN]), max_size=8)


class Dialogue:
    """Performs steps on a call; ``obeys``: stops talking when the caller speaks, as the real one does."""

    def __init__(self, call: Call, *, obeys: bool) -> None:
        self.call = call
        self.turn = 0
        self._listener = asyncio.create_task(self._obey(), name="test") if obeys else None

    async def step(self, step: str, value) -> None:
        line, do = self.call.line, self.call.do
        steps = {
            "speak": lambda: line.speak(value),
            "pause": lambda: line.pause(value),
            "press": lambda: line.press("1"),
            "mute": lambda: setattr(line, "is_mute", not line.is_mute),
            "wait": lambda: asyncio.sleep(value),
            "say": lambda: do(Say(self._new_turn(), ("坏", "一段话" * 3), is_interruptible=value)),
            "ask": lambda: do(Say(self._new_turn(), ("请问",)), Listen(self.turn, value, 5.0)),
            "stop": lambda: do(StopSaying()),
        }
        if (waiting := steps[step]()) is not None:
            await waiting

    def end(self) -> None:
        if self._listener is not None:
            self._listener.cancel()

    def _new_turn(self) -> int:
        self.turn += 1
        return self.turn

    async def _obey(self) -> None:
        while True:
            await self.call.until((SpeechStarted, Said))
            await self.call.do(StopSaying())


@settings(max_examples=12, deadline=None)
@given(STEPS, HEARD, st.booleans(), st.booleans(), st.sampled_from([0.05, 0.8, 9.0]))
def test_every_message_finishes_once_and_in_the_end_the_caller_falls_silent(
    steps, heard, is_streaming, obeys, decode_seconds
):
    async def test():
        recognizer = ScriptedRecognizer(*heard, seconds=decode_seconds, is_streaming=is_streaming)
        synthesizer = ScriptedSynthesizer(broken=("坏",))
        async with Call(recognizer, synthesizer, settings=SETTINGS) as call:
            dialogue = Dialogue(call, obeys=obeys)
            for step, value in (*steps, ("ask", Expected.OPEN)):
                await dialogue.step(step, value)
            await asyncio.sleep(90)
            dialogue.end()
            finished = [event.turn for event in call.events if isinstance(event, PromptFinished)]
            assert finished == list(range(1, dialogue.turn + 1))
            assert [event.turn for event in call.events if isinstance(event, FellSilent)][-1] == dialogue.turn
            assert call.line.queued_seconds == 0
            assert call.happened == sorted(call.happened, key=lambda happened: happened[0])

    run(test())
