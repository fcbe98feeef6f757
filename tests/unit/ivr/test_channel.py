"""A conversation on a telephone line, in virtual time: what the caller does, what the dialogue is told."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hotline.dialogue.actions import (
    CollectKeys,
    End,
    GiveWayToEmergency,
    Listen,
    Outcome,
    Say,
    SendText,
    StayHere,
    StopSaying,
    TransferToAgent,
)
from hotline.dialogue.ends import Fullness
from hotline.dialogue.events import (
    AgentJoined,
    FellSilent,
    HearingLost,
    HungUp,
    KeyPressed,
    NoAgentFree,
    PromptFinished,
    Said,
    SpeechStarted,
    Started,
    TransferFailed,
)
from hotline.domain.appeal import ContactChannel, EmergencyService, PhoneNumber
from hotline.domain.errors import EngineBusyError, EngineUnavailableError
from hotline.domain.speech import PHONE_BAND, AudioFormat, Expected
from ivr.line import TransferResult
from ivr.phone_settings import Endings, PhoneSettings
from tests.unit.ivr.fakes import MIDNIGHT, Call, ScriptedRecognizer, ScriptedSynthesizer, now, run

DOWN = EngineUnavailableError("scripted", "killed")
BACKCHANNELS = PhoneSettings(backchannels=frozenset({"嗯", "好", "好的"}))
FILLERS = PhoneSettings(fillers=("请稍等", "还在查"))


class Voice(ScriptedSynthesizer):
    """Speaks in a voice instead of silence."""

    async def synthesize(self, text, *, audio):
        noise = np.random.default_rng(len(text)).normal(0, 6_000, int(0.2 * len(text) * audio.sample_rate_hz))
        yield (np.convolve(noise, np.ones(4) / 4, mode="same")).astype("<i2").tobytes()


def quieter(sound: bytes) -> bytes:
    return (np.frombuffer(sound, dtype="<i2") * 0.5).astype("<i2").tobytes()


def said(call: Call) -> list[str]:
    return [event.text for event in call.events if isinstance(event, Said)]


# --- beginning, listening ----------------------------------------------------------------------------------------


def test_a_call_starts_with_its_number_and_ends_with_the_caller_hanging_up():
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            call.line.hang_up_caller()
            await call.until(HungUp)
        assert call.events == [
            Started(MIDNIGHT, "c1", ContactChannel.PHONE, PhoneNumber("13800001234")),
            HungUp(MIDNIGHT),
        ]

    run(test())


def test_what_is_said_is_reported_when_the_silence_has_lasted_since_it_was_recognised_ahead():
    async def test():
        recognizer = ScriptedRecognizer("路灯坏了", seconds=0.3)
        async with Call(recognizer) as call:
            await call.ask("请讲")
            begun = now()
            call.line.speak(2.0)
            heard = await call.until(Said)
            assert (heard.text, heard.raw, heard.engine) == ("路灯坏了", "路灯坏了", "scripted")
            assert now() - (begun + 2.0) == pytest.approx(0.85, abs=0.06)
            assert recognizer.begun == 1
            assert call.names() == ["Started", "PromptFinished", "SpeechStarted", "Said"]

    run(test())


def test_a_pause_in_mid_sentence_is_recognised_in_vain_and_the_sentence_whole():
    async def test():
        recognizer = ScriptedRecognizer("整", "整句", seconds=0.3)
        async with Call(recognizer) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            call.line.pause(0.5)
            call.line.speak(1.0)
            await call.until(Said)
            assert said(call) == ["整句"]
            assert recognizer.begun == 2
            assert recognizer.decoded[-1][1] == pytest.approx(0.3 + 2.5 + 0.2, abs=0.1)

    run(test())


def test_who_goes_on_while_the_words_are_being_recognised_is_heard_as_one():
    async def test():
        recognizer = ScriptedRecognizer("整句", seconds=1.5)
        async with Call(recognizer) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            call.line.pause(0.8)
            call.line.speak(1.0)
            await call.until(Said)
            await asyncio.sleep(3)
            assert said(call) == ["整句"]
            assert recognizer.decoded[-1][1] == pytest.approx(0.3 + 2.8 + 0.16, abs=0.1)

    run(test())


def test_a_streaming_recogniser_is_fed_as_the_sound_comes():
    async def test():
        recognizer = ScriptedRecognizer("路灯坏了", seconds=0.03, is_streaming=True, accepts=PHONE_BAND)
        async with Call(recognizer) as call:
            await call.ask("请讲")
            begun = now()
            call.line.speak(2.0)
            await call.until(Said)
            ((decode_began, seconds),) = recognizer.decoded
            assert decode_began == pytest.approx(begun + 0.27, abs=0.05)
            assert seconds == pytest.approx(0.3 + 2.0 + 0.8, abs=0.1)

    run(test())


def test_a_recogniser_that_wants_a_strange_format_is_refused_at_once():
    async def test():
        with pytest.raises(ValueError, match="44100"):
            Call(ScriptedRecognizer(accepts=AudioFormat(44_100)))

    run(test())


def test_the_recogniser_is_told_what_is_expected():
    async def test():
        recognizer = ScriptedRecognizer("对")
        async with Call(recognizer) as call:
            await call.do(Say(1, ("对吗",)), Listen(1, Expected.YES_NO, 5, ("对", "不对")))
            await call.until(PromptFinished)
            call.line.speak(0.2)
            await call.until(Said)
            assert recognizer.expected == [(Expected.YES_NO, ("对", "不对"))]

    run(test())


def test_a_minute_without_a_pause_is_recognised_in_pieces_and_reported_once():
    async def test():
        recognizer = ScriptedRecognizer("一", "二", "三", "四")
        async with Call(recognizer) as call:
            await call.ask("请讲")
            call.line.speak(50.0)
            await call.until(Said)
            assert said(call) == ["一二三四"]
            assert max(seconds for _, seconds in recognizer.decoded) <= 14.5

    run(test())


def test_sound_that_stops_coming_in_mid_word_is_the_end_of_the_word():
    async def test():
        async with Call(ScriptedRecognizer("路灯")) as call:
            await call.ask("请讲")
            call.line.speak(5.0)
            await asyncio.sleep(1.0)
            call.line.is_mute = True
            stopped = now()
            await call.until(Said)
            assert now() - stopped < 1.5

    run(test())


# --- noise, backchannels, broken recognisers ---------------------------------------------------------------------


def test_a_short_noise_without_words_is_nothing():
    async def test():
        async with Call(ScriptedRecognizer("")) as call:
            await call.ask("请讲")
            call.line.speak(0.4)
            await asyncio.sleep(3)
            assert call.names() == ["Started", "PromptFinished", "SpeechStarted"]

    run(test())


def test_a_short_answer_to_a_yes_or_no_question_without_words_was_not_heard():
    async def test():
        async with Call(ScriptedRecognizer("")) as call:
            await call.ask("对吗？", expect=Expected.YES_NO)
            call.line.speak(0.4)
            await call.until(HearingLost)

    run(test())


def test_long_speech_without_words_was_not_heard():
    async def test():
        async with Call(ScriptedRecognizer("")) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            assert await call.until(HearingLost) == HearingLost(call.events[-1].at, is_engine_down=False)

    run(test())


def test_a_hum_while_the_hotline_talks_silences_it_for_half_a_second_and_does_not_count():
    async def test():
        async with Call(ScriptedRecognizer("嗯"), settings=BACKCHANNELS) as call:
            await call.ask("这是一段很长的答复" * 3, heard_out=False)
            call.line.pause(1.0)
            call.line.speak(0.3)
            await call.until(PromptFinished)
            assert call.names() == ["Started", "PromptFinished"]
            assert call.when(PromptFinished) - (0.05 + 5.4) == pytest.approx(0.3 + 0.2 - 0.12, abs=0.1)

    run(test())


READ_BACK = (
    "我跟您核对一下，",
    "您反映的是",
    "费县探沂镇路灯不亮。",
    "登记的内容对吗？",
)  # 1.6, 1.0, 2.0 and 1.6 s
YES_OR_NO = Listen(1, Expected.YES_NO, 7.0, choices=("对", "是的", "不对"))


def rendered_late(late: str):
    """Return a voice of which ``late`` is ready two seconds after what comes before it has been heard."""
    before = 0.2 * len("".join(READ_BACK[: READ_BACK.index(late)]))
    return ScriptedSynthesizer(seconds=lambda text: before + 2.0 if text == late else 0.01)


@pytest.mark.parametrize(
    ("late", "yes_at", "heard", "expected"),
    [
        (READ_BACK[3], 5.0, "是的", ["是的"]),  # all has been said but “对吗”, which is not rendered yet
        (READ_BACK[2], 3.2, "是的", []),  # nothing of the matter has been said: a sign of listening
        (None, 4.3, "是的", ["是的"]),  # on the matter's last syllables
        (None, 4.9, "对", ["对"]),  # over “登记的……”
        (None, 5.9, "是的", ["是的"]),  # on the last 300 ms of all
        (None, 6.5, "是的", ["是的"]),  # after it
        (None, 4.9, "嗯", []),  # no likely answer: a sign of listening
        (None, 3.2, "是的", []),
    ],
)
def test_a_yes_counts_as_soon_as_all_has_been_read_back_but_the_asking(late, yes_at, heard, expected):
    async def test():
        backchannels = PhoneSettings(backchannels=frozenset({"嗯", "对", "是的"}))
        voice = rendered_late(late) if late else ScriptedSynthesizer(seconds=lambda _: 0.01)
        async with Call(ScriptedRecognizer(heard), voice, settings=backchannels) as call:
            await call.do(Say(1, READ_BACK), YES_OR_NO)
            call.line.pause(yes_at)
            call.line.speak(0.4)
            await asyncio.sleep(yes_at + 1.5)
            assert said(call) == expected
            if not expected:
                await call.until(PromptFinished)  # and what was to be said is said
                assert [text for _, text in call.line.sounds][: len(READ_BACK)] == list(READ_BACK)

    run(test())


def test_what_is_said_before_a_question_sounds_is_no_answer_to_it():
    async def test():
        voice = ScriptedSynthesizer(seconds=lambda _: 2.0)
        async with Call(
            ScriptedRecognizer("是的"), voice, settings=PhoneSettings(backchannels=frozenset({"是的"}))
        ) as call:
            await call.do(Say(1, ("登记的内容对吗？",)), YES_OR_NO)
            call.line.pause(0.5)
            call.line.speak(0.4)
            await asyncio.sleep(6.0)
            assert said(call) == []
            call.line.speak(0.4)

    run(test())


def test_an_answer_that_is_ready_at_once_is_not_held_back():
    async def test():
        async with Call(ScriptedRecognizer("路灯坏了"), ScriptedSynthesizer(seconds=lambda _: 0.0)) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            await call.until(Said)
            await call.do(Say(2, ("在哪里",)))
            await asyncio.sleep(0.05)
            assert call.line.sounds[-1] == (pytest.approx(call.when(Said), abs=0.03), "在哪里")

    run(test())


def test_the_same_hum_after_a_question_is_an_answer():
    async def test():
        async with Call(ScriptedRecognizer("嗯，好的。"), settings=BACKCHANNELS) as call:
            await call.ask("对吗", expect=Expected.YES_NO)
            call.line.speak(0.3)
            await call.until(Said)
            assert said(call) == ["嗯，好的。"]

    run(test())


def test_a_hum_while_the_answer_is_being_prepared_is_nothing():
    async def test():
        async with Call(ScriptedRecognizer("路灯坏了", "嗯"), settings=BACKCHANNELS) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            call.line.pause(1.2)
            call.line.speak(0.4)
            await asyncio.sleep(5)
            assert said(call) == ["路灯坏了"]

    run(test())


def test_a_hum_during_the_wait_leaves_the_caller_neither_alone_nor_the_turn_unmeasured():
    async def test():
        settings = replace(FILLERS, backchannels=frozenset({"嗯"}))
        async with Call(ScriptedRecognizer("路灯坏了", "嗯"), settings=settings) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            call.line.pause(1.0)
            call.line.speak(0.4)
            await asyncio.sleep(3.0 + 1.6)
            await call.do(Say(2, ("好的",)))
            await asyncio.sleep(5)
            assert [text for _, text in call.line.sounds] == ["请讲", "请稍等", "还在查", "好的"]
            (turn,) = call.turns
            assert turn.first_sound == pytest.approx(3.0 + 1.6 - 1.0 + 0.05, abs=0.1)

    run(test())


def test_words_over_a_notice_are_reported_without_stopping_it():
    async def test():
        async with Call(ScriptedRecognizer("着火了")) as call:
            await call.do(Say(1, ("通话将被录音请您知悉谢谢",), is_interruptible=False))
            call.line.pause(0.5)
            call.line.speak(0.8)
            await call.until(Said)
            assert SpeechStarted not in map(type, call.events)
            assert call.line.queued_seconds > 0

    run(test())


@pytest.mark.parametrize("failure", [DOWN, EngineBusyError("scripted"), RuntimeError("bug")])
def test_a_recogniser_that_fails_is_reported_as_soon_as_it_is_known(failure):
    async def test():
        recognizer = ScriptedRecognizer(failure, failure, seconds=0.1)
        async with Call(recognizer) as call:
            await call.ask("请讲")
            begun = now()
            call.line.speak(1.0)
            lost = await call.until(HearingLost)
            assert lost.is_engine_down
            assert now() - (begun + 1.0) < 1.0

    run(test())


@pytest.mark.parametrize("decode_seconds", [0.1, 0.6])
def test_a_decode_begun_ahead_that_fails_is_tried_again(decode_seconds):
    async def test():
        recognizer = ScriptedRecognizer(DOWN, "路灯坏了", seconds=decode_seconds)
        async with Call(recognizer) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            await call.until(Said)
            assert said(call) == ["路灯坏了"]

    run(test())


def test_a_recogniser_without_capacity_is_told_from_one_that_is_down():
    async def test():
        turned_away = [EngineBusyError("scripted", "队列已满")] * 3
        async with Call(ScriptedRecognizer(*turned_away, seconds=0.05)) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            lost = await call.until(HearingLost)
            assert (lost.is_engine_down, lost.is_engine_busy) == (True, True)

    run(test())


@pytest.mark.parametrize(("words", "seconds"), [("在银雀山小区", 0.48), ("在银雀山街道，然后", 1.25)])
def test_a_whole_answer_is_taken_early_and_half_of_one_is_waited_for(words, seconds):
    async def test():
        settings = PhoneSettings(endings=Endings(place_finished=("小区", "后"), unfinished=("然后",)))
        async with Call(ScriptedRecognizer(words, seconds=0.3), settings=settings) as call:
            await call.ask("在哪里", expect=Expected.PLACE)
            begun = now()
            call.line.speak(1.0)
            await call.until(Said)
            assert now() - (begun + 1.0) == pytest.approx(seconds, abs=0.06)

    run(test())


@pytest.mark.parametrize(
    ("words", "found", "seconds"),
    [
        ("路灯不亮", Fullness.WHOLE, 0.48),
        ("路灯不亮", Fullness.LIKELY, 0.65),
        ("路灯不亮", Fullness.UNKNOWN, 0.85),
        ("路灯不亮，然后", Fullness.WHOLE, 0.85),  # the words say that more is to come
    ],
)
def test_a_turn_ends_early_when_its_words_mean_a_whole_answer(words, found, seconds):
    async def test():
        async def fullness(_text, _expect):
            await asyncio.sleep(0.02)
            return found

        settings = PhoneSettings(endings=Endings(unfinished=("然后",)))
        recognizer = ScriptedRecognizer(words, seconds=0.3)
        async with Call(recognizer, settings=settings, fullness=fullness) as call:
            await call.ask("请讲")
            begun = now()
            call.line.speak(1.0)
            await call.until(Said)
            assert now() - (begun + 1.0) == pytest.approx(seconds, abs=0.06)

    run(test())


@pytest.mark.parametrize(("is_wish", "seconds"), [(True, 0.48), (False, 1.25)])
def test_nobody_waits_after_a_wish_whatever_was_asked_and_however_it_ends(is_wish, seconds):
    async def test():
        settings = PhoneSettings(endings=Endings(unfinished=("的",)))
        recognizer = ScriptedRecognizer("有没有会说方言的", seconds=0.3)
        async with Call(recognizer, settings=settings, is_wish=lambda _: is_wish) as call:
            await call.ask("请问在哪里", expect=Expected.PLACE)
            begun = now()
            call.line.speak(1.0)
            await call.until(Said)
            assert now() - (begun + 1.0) == pytest.approx(seconds, abs=0.06)

    run(test())


def test_a_meaning_that_is_known_too_late_ends_no_speech_that_goes_on():
    async def test():
        async def fullness(_text, _expect):
            await asyncio.sleep(1.0)
            return Fullness.WHOLE

        recognizer = ScriptedRecognizer("路灯不亮", "路灯不亮，好几天了", seconds=0.1)
        async with Call(recognizer, fullness=fullness) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            call.line.pause(0.5)
            call.line.speak(1.5)
            spoken_until = now() + 3.0
            await call.until(Said)
            assert now() > spoken_until

    run(test())


def test_the_prompt_s_own_echo_neither_stops_it_nor_counts():
    async def test():
        async with Call(ScriptedRecognizer("回声"), synthesizer=Voice()) as call:
            await call.ask("这是一段很长的答复" * 3, heard_out=False)
            await asyncio.sleep(0.4)
            call.line.send(quieter(call.line.played[0][1]))
            await call.until(PromptFinished)
            assert call.line.did == []
            assert said(call) == []

    run(test())


def test_who_goes_on_after_the_words_were_reported_is_said_to_go_on():
    async def test():
        async with Call(ScriptedRecognizer("路灯坏了", "在兰山")) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            call.line.pause(0.9)
            call.line.speak(1.0)
            await asyncio.sleep(6)
            assert [(event.text, event.continues) for event in call.events if isinstance(event, Said)] == [
                ("路灯坏了", False), ("在兰山", True),
            ]  # fmt: skip

    run(test())


@pytest.mark.parametrize(
    ("skill", "dialled"), [("dialect", "sip:dialect"), ("elder", "sip:agent"), ("ordinary", "sip:agent")]
)
def test_who_speaks_a_dialect_is_put_through_to_the_seat_for_it_where_there_is_one(skill, dialled):
    async def test():
        transfers = {"agent": "sip:agent", "agent:dialect": "sip:dialect"}
        async with Call(ScriptedRecognizer(), transfers=transfers) as call:
            await call.do(TransferToAgent(1, "not_heard", "", skill))
            await call.until(NoAgentFree)
            assert [what for _, what in call.line.did if "transfer" in what] == [f"transfer {dialled}"]

    run(test())


def test_nobody_is_dialled_when_the_alarm_was_false():
    async def test():
        async with Call(ScriptedRecognizer(), transfers={"119": "sip:119"}) as call:
            call.line.answers["sip:119"] = TransferResult.ANSWERED
            await call.do(Say(1, ("马上为您转接",), is_interruptible=False))
            await call.do(GiveWayToEmergency(1, EmergencyService.FIRE, ""))
            await asyncio.sleep(0.5)
            await call.do(StopSaying(), StayHere(1))
            await asyncio.sleep(10)
            assert [what for _, what in call.line.did if what.startswith("transfer")] == []

    run(test())


def test_a_recogniser_that_never_answers_is_given_up_at_the_deadline_and_the_call_goes_on():
    async def test():
        recognizer = ScriptedRecognizer("晚了", "路灯坏了", seconds=60.0)
        async with Call(recognizer) as call:
            await call.ask("请讲", seconds=30)
            begun = now()
            call.line.speak(1.0)
            assert (await call.until(HearingLost)).is_engine_down
            assert now() - (begun + 1.0) == pytest.approx(0.8 + 6.0, abs=0.1)
            recognizer.seconds = 0.1
            call.line.speak(1.0)
            await call.until(Said)

    run(test())


# --- playing, barging in -----------------------------------------------------------------------------------------


def test_parts_are_played_in_order_and_the_first_leaves_before_the_second_is_ready():
    async def test():
        slow = ScriptedSynthesizer(seconds=lambda text: 2.0 if text == "260105 00001" else 0.05)
        async with Call(ScriptedRecognizer(), slow) as call:
            await call.do(Say(1, ("已受理，工单编号", "260105 00001", "。")), Say(2, ("再见",)))
            await call.until(PromptFinished)
            await call.until(PromptFinished)
            assert call.line.sounds == [
                (0.05, "已受理，工单编号"),
                (2.05, "260105 00001"),
                (2.1, "。"),
                (2.15, "再见"),
            ]
            assert [event.turn for event in call.events if isinstance(event, PromptFinished)] == [1, 2]

    run(test())


def test_what_cannot_be_synthesised_is_left_out_and_the_prompt_still_finishes():
    async def test():
        broken = ScriptedSynthesizer(broken=("坏的",))
        async with Call(ScriptedRecognizer(), broken) as call:
            await call.do(Say(1, ("坏的", "好的")), Say(2, ("坏的",)))
            await asyncio.sleep(2)
            assert call.names() == ["Started", "PromptFinished", "PromptFinished"]
            assert call.line.sounds == [(0.1, "好的")]

    run(test())


def test_a_synthesizer_that_hangs_costs_its_deadline_and_no_more():
    async def test():
        hanging = ScriptedSynthesizer(seconds=lambda _: 100.0)
        async with Call(ScriptedRecognizer(), hanging) as call:
            await call.do(Say(1, ("您好",)), Listen(1, Expected.OPEN, 5))
            await call.until(FellSilent)
            assert (call.when(PromptFinished), call.when(FellSilent)) == pytest.approx((6.0, 11.0), abs=0.1)

    run(test())


def test_stop_drops_what_is_played_and_what_waits_and_reports_both_once():
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            await call.do(Say(1, ("一" * 20,)), Say(2, ("二" * 20,)))
            await asyncio.sleep(1.0)
            await call.do(StopSaying(), Say(3, ("三",)))
            await asyncio.sleep(10.0)
            assert call.events[1:] == [
                PromptFinished(call.events[1].at, 1),
                PromptFinished(call.events[2].at, 2),
                PromptFinished(call.events[3].at, 3),
            ]
            assert call.line.did == [(1.0, "stop")]

    run(test())


def interrupted(recognizer: ScriptedRecognizer, *, speech_seconds: float) -> Coroutine[None, None, Call]:
    """Speak for so long, 1 s into a prompt of 5.4 s; let the dialogue stop it when it is told to."""

    async def test():
        async with Call(recognizer, settings=BACKCHANNELS) as call:
            await call.ask("这是一段很长的答复" * 3, heard_out=False)
            call.line.pause(1.0)
            call.line.speak(speech_seconds)
            if isinstance(await call.until((SpeechStarted, PromptFinished)), SpeechStarted):
                await call.do(StopSaying())
            await asyncio.sleep(10)
            return call

    return test()


def test_who_interrupts_hears_the_prompt_stop_within_a_fifth_of_a_second_and_is_heard():
    call = run(interrupted(ScriptedRecognizer("不是这个"), speech_seconds=1.5))
    assert call.names()[:4] == ["Started", "SpeechStarted", "PromptFinished", "Said"]
    (paused_at, _), *_ = call.line.did
    assert paused_at - 1.0 < 0.2
    assert call.when(SpeechStarted) - 1.0 == pytest.approx(0.8, abs=0.06)


def test_a_short_interruption_stops_the_prompt_once_it_turns_out_to_be_words():
    call = run(interrupted(ScriptedRecognizer("不是"), speech_seconds=0.5))
    assert call.names()[:4] == ["Started", "SpeechStarted", "Said", "PromptFinished"]
    assert call.line.did[0] == (pytest.approx(1.08, abs=0.05), "stop")


@pytest.mark.parametrize("heard", ["嗯", "", "好的嗯"])
def test_after_a_hum_or_a_noise_the_prompt_goes_on_where_it_fell_silent(heard):
    call = run(interrupted(ScriptedRecognizer(heard), speech_seconds=0.5))
    assert call.names() == ["Started", "PromptFinished", "FellSilent", "HungUp"]
    assert [what for _, what in call.line.did] == ["stop", "hang up"]
    paused_at = call.line.did[0][0]
    silent_for = call.when(PromptFinished) - (0.05 + 5.4)
    assert silent_for == pytest.approx(1.0 + 0.5 + 0.8 + 0.15 - paused_at, abs=0.1)
    (_, first), (_, rest) = call.line.played
    assert first.endswith(rest)
    assert len(rest) / PHONE_BAND.bytes_per_second == pytest.approx(5.4 - (paused_at - 0.05), abs=0.03)


def test_who_insisted_without_words_is_told_so():
    call = run(interrupted(ScriptedRecognizer(""), speech_seconds=1.0))
    assert call.names()[:4] == ["Started", "SpeechStarted", "PromptFinished", "HearingLost"]


def test_a_message_that_nobody_stops_goes_on_after_the_words():
    async def test():
        async with Call(ScriptedRecognizer("喂你好")) as call:
            await call.ask("这是一段很长的答复" * 3, heard_out=False)
            call.line.pause(1.0)
            call.line.speak(1.5)
            await call.until(PromptFinished)
            assert call.names() == ["Started", "SpeechStarted", "Said", "PromptFinished"]

    run(test())


def test_a_farewell_is_heard_even_if_the_caller_had_just_cut_in():
    async def test():
        async with Call(ScriptedRecognizer("喂你好")) as call:
            await call.ask("这是一段很长的答复" * 3, heard_out=False)
            call.line.pause(1.0)
            call.line.speak(9.0)
            await call.until(SpeechStarted)
            await call.do(Say(2, ("再见",), is_interruptible=False), End(Outcome.ANSWERED))
            await call.until(HungUp)
            assert [event.turn for event in call.events if isinstance(event, PromptFinished)] == [1, 2]

    run(test())


def test_nobody_is_talked_over_the_answer_waits_until_the_caller_has_spoken():
    async def test():
        async with Call(ScriptedRecognizer("路灯坏了", "")) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            call.line.pause(1.2)
            call.line.speak(2.0)
            await call.until(Said)
            await asyncio.sleep(0.9)
            await call.do(Say(2, ("好的",)))
            await asyncio.sleep(5)
            (at,) = [at for at, text in call.line.sounds if text == "好的"]
            assert at == pytest.approx(0.45 + 4.2 + 0.7 + 0.15, abs=0.1)


def test_an_answer_that_begins_just_as_the_caller_goes_on_is_stopped():
    async def test():
        async with Call(ScriptedRecognizer("路灯坏了", "在兰山")) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            call.line.pause(1.2)
            call.line.speak(2.0)
            await call.until(Said)
            await asyncio.sleep(0.5)
            await call.do(Say(2, ("请问在什么位置呢",)))
            await call.until(SpeechStarted)
            silent_at, what = call.line.did[0]
            assert (what, silent_at) == ("stop", pytest.approx(0.45 + 2.2 + 0.2, abs=0.1))

    run(test())

    run(test())


def test_the_answer_waits_no_longer_than_the_limit():
    async def test():
        async with Call(ScriptedRecognizer("路灯坏了")) as call:
            await call.ask("请讲")
            call.line.speak(40.0)
            await asyncio.sleep(1.0)
            await call.do(Say(2, ("好的",)))
            await call.until(PromptFinished)
            (at,) = [at for at, text in call.line.sounds if text == "好的"]
            assert at == pytest.approx(0.45 + 0.27 + 8.0, abs=0.1)

    run(test())


# --- silence and company -----------------------------------------------------------------------------------------


def test_silence_is_counted_from_the_end_of_the_prompt():
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            await call.ask("请问具体在什么位置呢", seconds=5.0, heard_out=False)
            assert await call.until(FellSilent) == FellSilent(call.events[-1].at, turn=1)
            assert call.when(FellSilent) - call.when(PromptFinished) == pytest.approx(5.0, abs=0.05)
            await asyncio.sleep(20)
            assert call.names().count("FellSilent") == 1

    run(test())


def test_who_is_speaking_is_not_silent():
    async def test():
        async with Call(ScriptedRecognizer("一个长长的故事")) as call:
            await call.ask("请讲", seconds=2.0)
            call.line.pause(1.9)
            call.line.speak(6.0)
            await call.until(Said)
            assert FellSilent not in map(type, call.events)

    run(test())


def test_fillers_keep_the_caller_company_until_the_answer():
    async def test():
        async with Call(ScriptedRecognizer("路灯坏了"), settings=FILLERS) as call:
            await call.ask("请讲")
            end_of_speech = now() + 1.0
            call.line.speak(1.0)
            await asyncio.sleep(1.0 + 2.0)
            await call.do(Say(2, ("好的",)))
            await asyncio.sleep(10)
            (_, first), *rest = call.line.sounds
            assert (first, [text for _, text in rest]) == ("请讲", ["请稍等", "好的"])
            assert rest[0][0] - end_of_speech == pytest.approx(1.02, abs=0.05)
            (turn,) = call.turns
            assert turn.filler == pytest.approx(1.02, abs=0.05)
            assert turn.first_sound == pytest.approx(2.05, abs=0.05)
            assert turn.was_ahead

    run(test())


def test_where_the_end_was_put_off_a_filler_comes_at_once():
    async def test():
        async with Call(ScriptedRecognizer("晚", seconds=3), settings=FILLERS) as call:
            await call.ask("在哪里", expect=Expected.PLACE, seconds=30)
            end_of_speech = now() + 1.0
            call.line.speak(1.0)
            await call.until(Said)
            (filler,) = [at for at, text in call.line.sounds if text == "请稍等"][:1]
            assert filler - end_of_speech == pytest.approx(1.32, abs=0.05)

    run(test())


def test_more_fillers_follow_when_the_recogniser_hangs():
    async def test():
        async with Call(ScriptedRecognizer("晚", seconds=20), settings=FILLERS) as call:
            await call.ask("请讲", seconds=30)
            call.line.speak(1.0)
            await call.until(HearingLost)
            times = [at for at, text in call.line.sounds if text in FILLERS.fillers]
            assert len(times) == 4
            assert max(later - (earlier + 0.6) for earlier, later in pairwise(times)) < 2.0

    run(test())


def test_a_noise_while_the_words_are_being_recognised_leaves_nobody_in_silence():
    async def test():
        late = ScriptedRecognizer("路灯坏了", "", seconds=5.0)
        async with Call(late, settings=FILLERS) as call:
            await asyncio.sleep(1)  # nothing has been asked
            begun = now()
            call.line.speak(1.0)
            call.line.pause(1.6)
            call.line.speak(0.4)  # a door
            await call.until(Said)
            sounding = [at for at, text in call.line.sounds if text in FILLERS.fillers]
            assert len(sounding) >= 2
            moments = [begun + 1.0, *(at for at in sounding if at > begun), now()]
            assert max(later - earlier for earlier, later in pairwise(moments)) < 3.2

    run(test())


def test_a_message_that_is_rendered_too_slowly_is_bridged():
    async def test():
        slow = ScriptedSynthesizer(seconds=lambda text: 3.0 if text == "兰山区" else 0.05)
        async with Call(ScriptedRecognizer(), slow, settings=FILLERS) as call:
            await asyncio.sleep(1)  # the fillers are ready
            await call.do(Say(1, ("您反映的是", "兰山区", "供暖问题")))
            await call.until(PromptFinished)
            assert [text for _, text in call.line.sounds] == ["您反映的是", "请稍等", "兰山区", "供暖问题"]
            first, bridge, second, _ = [at for at, _ in call.line.sounds]
            assert bridge - (first + 1.0) == pytest.approx(0.8, abs=0.15)
            assert second - first < 3.2

    run(test())


def test_last_words_that_are_rendered_slowly_are_waited_for_in_company():
    async def test():
        slow = ScriptedSynthesizer(seconds=lambda text: 5.0 if text == "抱歉，再见" else 0.05)
        async with Call(ScriptedRecognizer("路灯坏了"), slow, settings=FILLERS) as call:
            await call.ask("请讲")
            call.line.speak(1.0)
            await call.until(Said)
            await call.do(Say(2, ("抱歉，再见",)))
            await call.do(End(Outcome.ANSWERED))
            await call.until(HungUp)
            texts = [text for _, text in call.line.sounds]
            assert texts == ["请讲", "请稍等", "还在查", "请稍等", "抱歉，再见"]
            assert max(b - (a + 0.6) for (a, _), (b, _) in pairwise(call.line.sounds[1:])) < 2.0

    run(test())


def test_a_quick_answer_needs_no_filler():
    async def test():
        async with Call(ScriptedRecognizer("对"), settings=FILLERS) as call:
            await call.ask("对吗", expect=Expected.YES_NO)
            call.line.speak(0.3)
            await call.until(Said)
            await call.do(Say(2, ("好的",)))
            await asyncio.sleep(5)
            assert [text for _, text in call.line.sounds] == ["对吗", "好的"]

    run(test())


# --- keys --------------------------------------------------------------------------------------------------------


def test_keys_are_reported_and_put_off_the_silence():
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            await call.ask("请讲", seconds=5.0)
            await asyncio.sleep(4.0)
            call.line.press("1")
            call.line.press("A")
            await asyncio.sleep(4.0)
            assert [event.key for event in call.events if isinstance(event, KeyPressed)] == ["1"]
            assert FellSilent not in map(type, call.events)
            await call.until(FellSilent)

    run(test())


def test_after_the_last_key_that_was_wanted_nobody_falls_silent():
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            await call.do(Say(1, ("请输入",)), CollectKeys(1, max_keys=2, seconds=3.0))
            call.line.press("1")
            call.line.press("2")
            await asyncio.sleep(20)
            assert call.names() == ["Started", "KeyPressed", "KeyPressed", "PromptFinished"]

    run(test())


def test_nothing_is_written_on_a_telephone():
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            await call.do(SendText("工单编号"))
            assert (call.line.sounds, call.line.did) == ([], [])

    run(test())


# --- handing over, ending ----------------------------------------------------------------------------------------

AGENT = "sip:agent@127.0.0.1"
POLICE = "sip:110@127.0.0.1"


def handed_over(result: TransferResult, *, emergency: bool = False) -> Coroutine[None, None, list[object]]:
    async def test():
        async with Call(ScriptedRecognizer(), transfers={"agent": AGENT, "110": POLICE}) as call:
            call.line.answers = {AGENT: result, POLICE: result}
            action = (
                GiveWayToEmergency(1, EmergencyService.POLICE, "")
                if emergency
                else TransferToAgent(1, "asked", "")
            )
            await call.do(Say(1, ("马上为您转接人工",), is_interruptible=False), action)
            await asyncio.sleep(30)
            finished = call.when(PromptFinished)
            dialled_at, dialled = call.line.did[0]
            assert dialled == f"transfer {POLICE if emergency else AGENT}"
            assert dialled_at == pytest.approx(finished, abs=0.03)
            return call.events[2:]

    return test()


@pytest.mark.parametrize(
    ("result", "emergency", "expected"),
    [
        (TransferResult.ANSWERED, False, AgentJoined),
        (TransferResult.ANSWERED, True, AgentJoined),
        (TransferResult.BUSY, False, NoAgentFree),
        (TransferResult.NO_ANSWER, False, NoAgentFree),
        (TransferResult.NO_CAPACITY, False, TransferFailed),
        (TransferResult.BUSY, True, TransferFailed),
        (TransferResult.REJECTED, True, TransferFailed),
    ],
)
def test_the_caller_is_put_through_after_the_announcement_and_the_result_is_told(result, emergency, expected):
    (event,) = run(handed_over(result, emergency=emergency))
    assert type(event) is expected
    assert event.turn == 1


def test_the_caller_hears_it_ringing_and_no_more_when_nobody_answered():
    async def test():
        async with Call(ScriptedRecognizer(), transfers={"agent": AGENT}) as call:
            call.line.answer_after_seconds = 12.0
            await call.do(TransferToAgent(1, "asked", ""))
            await call.until(NoAgentFree)
            tone = b"".join(sound for _, sound in call.line.played)
            assert len(tone) / PHONE_BAND.bytes_per_second == pytest.approx(12.0, abs=0.6)
            loud = np.abs(np.frombuffer(tone, "<i2")).reshape(-1, 2_000).max(axis=1) > 0
            assert loud.tolist() == ([True] * 4 + [False] * 16) * 2 + [True] * 4 + [False] * (len(loud) - 44)
            assert call.line.queued_seconds == 0

    run(test())


@pytest.mark.parametrize(
    ("action", "event"),
    [
        (TransferToAgent(1, "asked", ""), NoAgentFree),
        (GiveWayToEmergency(1, EmergencyService.FIRE, ""), TransferFailed),
    ],
)
def test_without_an_address_nobody_is_dialled(action, event):
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            await call.do(action)
            await call.until(event)
            assert call.line.did == []

    run(test())


def test_once_handed_over_the_hotline_no_longer_listens():
    async def test():
        async with Call(ScriptedRecognizer("我家漏水"), transfers={"agent": AGENT}) as call:
            call.line.answers = {AGENT: TransferResult.ANSWERED}
            await call.do(TransferToAgent(1, "asked", ""))
            await call.until(AgentJoined)
            call.line.speak(2.0)
            await asyncio.sleep(5)
            call.line.hang_up_caller()
            await call.until(HungUp)
            assert call.names() == ["Started", "AgentJoined", "HungUp"]

    run(test())


def test_the_end_comes_when_the_farewell_has_been_heard():
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            await call.do(Say(1, ("感谢来电，再见",)), End(Outcome.ANSWERED))
            await call.until(HungUp)
            assert call.names() == ["Started", "PromptFinished", "HungUp"]
            assert call.line.did == [(pytest.approx(0.05 + 1.4, abs=0.05), "hang up")]

    run(test())


@pytest.mark.parametrize("after_seconds", [0.0, 0.1, 0.7, 1.2, 2.9, 3.3, 3.9, 4.2, 6.0, 9.0])
def test_hanging_up_at_any_moment_leaves_nothing_running(after_seconds):
    async def test():
        recognizer = ScriptedRecognizer("转人工", seconds=0.6)
        async with Call(recognizer, settings=FILLERS, transfers={"agent": AGENT}) as call:
            asyncio.get_running_loop().call_later(after_seconds, call.line.hang_up_caller)
            await call.do(Say(1, ("您好", "请讲")), Listen(1, Expected.OPEN, 5))
            call.line.pause(1.0)
            call.line.speak(1.5)
            while not call.line.is_open or now() < 5.0:
                await asyncio.sleep(0.1)
                if not call.line.is_open:
                    break
            await call.do(Say(2, ("马上转接",), is_interruptible=False), TransferToAgent(2, "asked", ""))
            await asyncio.sleep(6.0)
            assert call.names()[-1] == "HungUp"
            assert call.names().count("HungUp") == 1

    run(test())


def test_closing_hangs_up_and_closing_again_is_nothing():
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            await call.channel.close()
            await call.channel.close()
            await call.do(Say(1, ("您好",)))
            assert [what for _, what in call.line.did] == ["hang up"]

    run(test())


def test_a_line_that_breaks_is_a_caller_who_is_gone():
    async def test():
        async with Call(ScriptedRecognizer()) as call:
            call.line._events.put_nowait(None)
            call.line.receive = call.line.transfer  # raises for want of arguments
            call.line.press("1")
            await call.until(HungUp)
            assert call.names()[-1] == "HungUp"

    run(test())


def test_what_was_said_tells_when_it_began():
    async def test():
        async with Call(ScriptedRecognizer("对的")) as call:
            await call.ask("对吗", expect=Expected.YES_NO)
            began = now()
            call.line.speak(1.5)
            said = await call.until(Said)
            pre_roll = 0.3
            assert now() - said.since_seconds == pytest.approx(began - pre_roll, abs=0.1)

    run(test())
