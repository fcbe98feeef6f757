"""The real speech detector on real speech, as a telephone brings it; the recogniser and the time are scripted."""

import asyncio
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
import soxr

from hotline.dialogue.actions import StopSaying
from hotline.dialogue.events import HearingLost, PromptFinished, Said, SpeechStarted
from hotline.domain.speech import Expected
from ivr.phone_settings import PhoneSettings
from ivr.vad import WINDOW_SAMPLES, SileroModel, Upsampler
from tests.unit.ivr.fakes import Call, ScriptedRecognizer, now, run

RATE = 8_000
SPEECH = Path(__file__).resolve().parents[4] / "shared" / "data" / "speech"
FILES = sorted(SPEECH.glob("*.wav"))[::5]
NOISE_DB = 15

needs_speech = pytest.mark.skipif(not FILES, reason=f"没有真人录音：{SPEECH}")
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="没有 espeak-ng（Debian 软件包）")


@pytest.fixture(scope="module")
def model():
    return SileroModel()


def read(file: Path) -> np.ndarray:
    with wave.open(str(file)) as recording:
        samples = np.frombuffer(recording.readframes(recording.getnframes()), dtype="<i2")
        return soxr.resample(samples.astype(np.float64), recording.getframerate(), RATE)


def voiced(sound: np.ndarray) -> tuple[float, float]:
    """Return when the speech in a clean recording begins and ends: where it is loud for 0.1 s."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    is_loud = np.sqrt((frames**2).mean(axis=1)) > 0.05 * np.abs(sound).max()
    lasting = np.nonzero(np.convolve(is_loud, np.ones(5), mode="valid") == 5)[0]
    return lasting[0] * 0.02, (lasting[-1] + 5) * 0.02


def telephoned(sound: np.ndarray) -> bytes:
    """Return ``sound`` with noise, through A-law's eight bits."""
    rng = np.random.default_rng(5)
    level = np.sqrt(np.mean(sound**2)) / 10 ** (NOISE_DB / 20)
    noisy = np.clip((sound + rng.normal(0, level, len(sound))) / 32_768, -1, 1)
    loudness, a = np.abs(noisy), 87.6
    small = a * loudness / (1 + np.log(a))
    large = (1 + np.log(np.maximum(a * loudness, 1))) / (1 + np.log(a))
    coded = np.round(np.where(loudness < 1 / a, small, large) * 127) / 127
    plain = np.where(
        coded < 1 / (1 + np.log(a)), coded * (1 + np.log(a)) / a, np.exp(coded * (1 + np.log(a)) - 1) / a
    )
    return (np.sign(noisy) * plain * 32_000).astype("<i2").tobytes()


@needs_speech
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_utterance_is_reported_once_whole_and_soon_after_its_end(file, model):
    sound = read(file)
    begins, ends = voiced(sound)

    async def test():
        recognizer = ScriptedRecognizer("听见了", seconds=0.3)
        async with Call(recognizer, detector=model.detector()) as call:
            await call.ask("请讲")
            start = now()
            call.line.send(telephoned(np.concatenate((sound, np.zeros(RATE)))))
            await call.until(Said)
            assert now() - (start + ends) < 1.1
            assert recognizer.decoded[-1][1] >= ends - begins
            await asyncio.sleep(3)
            assert call.names() == ["Started", "PromptFinished", "SpeechStarted", "Said"]

    run(test())


@needs_speech
@pytest.mark.parametrize("file", FILES[:10], ids=lambda file: file.stem)
def test_a_prompt_falls_silent_soon_after_an_interruption(file, model):
    sound = read(file)
    begins, _ = voiced(sound)

    async def test():
        async with Call(ScriptedRecognizer("我要问别的"), detector=model.detector()) as call:
            await call.ask("这是一段很长的答复" * 10, heard_out=False)
            await asyncio.sleep(1.0)
            start = now()
            call.line.send(telephoned(sound))
            await call.until(SpeechStarted)
            silent_at, what = call.line.did[0]
            assert what == "stop"
            assert silent_at - (start + begins) < 0.8
            await call.do(StopSaying())
            await call.until(Said)

    run(test())


@needs_speech
@pytest.mark.parametrize("caller", range(3))
def test_a_television_alone_is_not_taken_for_the_caller_who_listens(caller, model):
    sound = read(FILES[caller])
    seconds = len(sound) / RATE + 8
    voices = np.resize(np.concatenate([read(file) for file in FILES[10:14]]), round(seconds * RATE))
    whole = voices * np.sqrt(np.mean(sound**2) / np.mean(voices**2)) / 10 ** (20 / 20)
    whole[: len(sound)] += sound

    async def test():
        async with Call(ScriptedRecognizer("听见了", "电视里的"), detector=model.detector()) as call:
            await call.ask("请讲")
            call.line.send(telephoned(whole))
            await asyncio.sleep(seconds + 1)
            assert call.names() == ["Started", "PromptFinished", "SpeechStarted", "Said", "FellSilent"]

    run(test())


@needs_speech
@pytest.mark.parametrize("is_streaming", [False, True])
@pytest.mark.parametrize("caller", range(3))
def test_a_television_before_the_callers_first_words_is_no_part_of_them(caller, is_streaming, model):
    sound = read(FILES[caller])
    programmes = [np.concatenate([read(file) for file in FILES[first : first + 4]]) for first in (8, 12)]
    voices = sum(np.resize(each, len(sound) + 10 * RATE) for each in programmes)  # without a pause
    whole = voices * np.sqrt(np.mean(sound**2) / np.mean(voices**2)) / 10 ** (20 / 20)
    whole[5 * RATE : 5 * RATE + len(sound)] += sound

    async def test():
        recognizer = ScriptedRecognizer(*["听见了"] * 9, is_streaming=is_streaming)
        async with Call(recognizer, detector=model.detector()) as call:
            await call.ask("请讲")
            call.line.send(telephoned(whole))
            await call.until(Said)
            begins, ends = voiced(sound)
            _, seconds = recognizer.decoded[-1]
            assert ends - begins - 0.1 < seconds < ends - begins + 3.0  # not the five seconds before

    run(test())


def music(seconds: float) -> np.ndarray:
    """Return a held chord that swells, with a tune over it."""
    times = np.arange(int(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * times) for pitch in (262, 330, 392))
    tune = np.repeat(np.array([523, 587, 659, 784, 659, 587] * 20)[: int(seconds * 4)], RATE // 4)
    melody = np.sin(2 * np.pi * np.cumsum(tune) / RATE)
    return 3_000 * (chord * (1 + np.sin(2 * np.pi * 0.7 * times)) / 2 + melody[: len(times)])


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(20 * RATE),
        np.random.default_rng(2).normal(0, 300, 20 * RATE),
        np.random.default_rng(3).normal(0, 8_000, 20 * RATE),
        music(20.0),
        6_000 * np.sin(2 * np.pi * 450 * np.arange(20 * RATE) / RATE),
    ],
    ids=["silence", "faint noise", "loud noise", "music", "dial tone"],
)
def test_what_is_not_speech_is_never_recognised(sound, model):
    async def test():
        recognizer = ScriptedRecognizer("幻听")
        async with Call(recognizer, detector=model.detector()) as call:
            await call.ask("对吗", expect=Expected.YES_NO, seconds=100)
            call.line.send(sound.astype("<i2").tobytes())
            await asyncio.sleep(22)
            assert (call.names(), recognizer.begun) == (["Started", "PromptFinished"], 0)

    run(test())


def spoken(text: str, folder: Path) -> np.ndarray:
    file = folder / "spoken.wav"
    subprocess.run(["espeak-ng", "-v", "cmn", "-s", "170", "-w", str(file), text], check=True)
    return read(file)


@needs_espeak
@pytest.mark.parametrize("word", ["对", "是", "好", "喂", "不对", "对对对"])
def test_one_word_is_an_answer_once_the_question_has_been_asked(word, model, tmp_path):
    sound = spoken(word, tmp_path)

    async def test():
        async with Call(ScriptedRecognizer(word), detector=model.detector()) as call:
            await call.ask("登记的内容对吗", expect=Expected.YES_NO)
            call.line.send(telephoned(np.concatenate((np.zeros(RATE // 2), sound, np.zeros(RATE)))))
            assert (await call.until((Said, HearingLost))).text == word

    run(test())


@needs_espeak
@pytest.mark.parametrize("word", ["嗯", "对"])
def test_a_word_is_as_loud_to_the_detector_wherever_it_begins(word, model, tmp_path):
    sound = telephoned(np.concatenate((np.zeros(RATE // 2), spoken(word, tmp_path), np.zeros(RATE // 2))))
    voiced = []
    for lead in range(0, 3 * RATE, 407):  # the detector forgets once a second: some of these begin just then
        detector = model.detector()
        wide = Upsampler().widen(bytes(2 * lead) + sound)
        windows = wide[: len(wide) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
        voiced.append(sum(detector.probability(window) >= 0.5 for window in windows))
    assert min(voiced) >= 8


@needs_espeak
@pytest.mark.parametrize("hum", ["嗯", "好", "对"])
def test_a_hum_over_a_prompt_costs_it_at_most_a_moment(hum, model, tmp_path):
    sound = spoken(hum, tmp_path)

    async def test():
        settings = PhoneSettings(backchannels=frozenset({hum}))
        async with Call(ScriptedRecognizer(hum), detector=model.detector(), settings=settings) as call:
            await call.ask("这是一段很长的答复" * 4, heard_out=False)
            await asyncio.sleep(1.0)
            call.line.send(telephoned(np.concatenate((np.zeros(RATE // 2), sound, np.zeros(RATE)))))
            await call.until(PromptFinished)
            assert call.names() == ["Started", "PromptFinished"]
            assert call.when(PromptFinished) - (0.05 + 7.2) < 1.6

    run(test())
