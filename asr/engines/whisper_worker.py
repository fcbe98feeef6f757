"""The whisper worker: decodes pieces of speech of up to 15 s in a process of its own.

Started as ``python -m asr.engines.whisper_worker MODEL_DIR CHECKSUMS_JSON LANES THREADS COMPUTE_TYPE``.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from tokenizers import Tokenizer as TokenizerFile

from asr.noise import Samples, is_from_phone, is_noisy, turn_down_noise
from hotline.domain.errors import ModelRefusedError
from hotline.lanes import Urgency
from hotline.worker_side import Reply, WorkerSide
from hotline.written_forms import simplified

SAMPLE_RATE_HZ: Final = 16_000
WINDOW_SECONDS: Final = 15
_FULL_WINDOW_SECONDS: Final = 30
# A window that ends with the sound makes the decoder say it all again; three seconds of silence behind it are enough,
# filled with the sound's own floor (nought is as loud as speech to it). Against 15 s for everything: 60 sentences on the
# telephone, CER 18.7 (18.9), with 15 dB of noise 19.8 (21.2), and two thirds of the time.
_SILENCE_SECONDS: Final = 3.0
_FRAMES_PER_SECOND: Final = 100
_BEAM: Final = 5
_NARROW_BEAM: Final = 2  # for words in passing; one alone repeats itself
_TOKENS_PER_SECOND: Final = 8
_SPARE_TOKENS: Final = 8
_MOST_TOKENS: Final = 448
# What is decoded with less than this mean probability is asked whether it is Chinese speech at all: noise and music
# score below 0.03, sentences in 10 dB of noise above 0.08; a short answer so unsure is better asked for again. A
# prompted decoder's own no-speech score misses them.
_DOUBTFUL_PROBABILITY: Final = 0.5
_LEAST_CHINESE: Final = 0.05
_LEAST_CONTRAST: Final = 0.1  # digital silence has 0, faint noise 1.2
# Short answers are read in a window of seven seconds, in half the time of one of fifteen, and believed where the decoder
# is sure and does not stammer (six in ten), otherwise in the wide one; in doubt there too, once more from a little later
# on, as a single “对” is heard or not by chance of where it lies. 400 short answers of five voices at 8 kHz, 230 of them
# not looked at before: 330 read rightly, with the wide window alone 325.
_SHORT_SOUND: Final = int(1.5 * SAMPLE_RATE_HZ)
_SHORT_WINDOW_SECONDS: Final = 7.0
_SURE_OF_SHORT: Final = 0.7
_LATER: Final = int(0.2 * SAMPLE_RATE_HZ)
_SHORTEST_SAID_AGAIN: Final = 3  # characters: a word of two is no sentence (“不是不是”)
# Where yes or no is awaited, what is less sure than this and no answer is read among the answers alone, and one of about
# its length believed if it is as likely as not. Of 456 short sounds (answers, and other things said instead; six voices at
# 8 kHz, quiet and with 15 dB of noise) six of the 48 answers not heard were heard and none wrongly; of 175 noises and bits
# of other speech one was (“哦” as “好”). It takes a quarter less than to decode them in the wide window.
_SURE_OF_NO_ANSWER: Final = 0.8
_LIKELY_ANSWER: Final = 0.5
_MOST_LONGER: Final = 1  # characters
_NO_WORDS: Final = re.compile(r"[\W_]+")
# Text that zlib packs this well is a loop; the threshold is whisper's own.
_LOOP_COMPRESSION: Final = 2.4


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one piece of speech was decoded to; ``probability`` is the mean of its tokens, ``others`` were less likely."""

    text: str
    probability: float
    others: tuple[str, ...] = ()

    @property
    def is_said_again(self) -> bool:
        """True when all of it is said twice or more, or begins again at the end: so does a decoder that finds no end."""
        words = _NO_WORDS.sub("", self.text)
        sizes = range(_SHORTEST_SAID_AGAIN, len(words) // 2 + 1)
        return any(words == (words[:size] * len(words))[: len(words)] for size in sizes)

    @property
    def characters(self) -> int:
        """How long the text is, without punctuation."""
        return len(_NO_WORDS.sub("", self.text))

    def is_one_of(self, answers: Sequence[str]) -> bool:
        """Tell whether it is one of ``answers``, or several one after another (“对，没错”)."""
        said = [words for words in _NO_WORDS.split(self.text) if words]
        return bool(said) and all(words in answers for words in said)

    @property
    def is_stammered(self) -> bool:
        """True when it is one answer given twice or more (“对。对。”); “谢谢” and “对对对” are not."""
        answers = [words for words in _NO_WORDS.split(self.text) if words]
        return len(answers) > 1 and len(set(answers)) == 1

    @property
    def is_loop(self) -> bool:
        """True when the decoder repeated itself."""
        packed = self.text.encode()
        return len(packed) > _LOOP_COMPRESSION * len(zlib.compress(packed))


NOTHING: Final = Decoded("", 0.0)


class WhisperDecoder:
    """Decodes without whisper's temperature fallback: time is bounded by the length of the sound."""

    def __init__(self, model_dir: Path, *, lanes: int, threads: int, compute_type: str) -> None:
        self._model = ctranslate2.models.Whisper(
            str(model_dir),
            device="cpu",
            compute_type=compute_type,
            inter_threads=lanes,
            intra_threads=threads,
        )
        self._features = FeatureExtractor()
        self._tokenizer = Tokenizer(
            TokenizerFile.from_file(str(model_dir / "tokenizer.json")), True, task="transcribe", language="zh"
        )
        self._prompt = lru_cache(maxsize=64)(self._encode_prompt)
        self._tokens_but = lru_cache(maxsize=64)(self._all_but)

    def decode(
        self,
        samples: Samples,
        prompt: str,
        fallback_prompt: str = "",
        *,
        answers: Sequence[str] = (),
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Decoded:
        """Decode up to 15 s of sound; a loop is tried once more in the full window with ``fallback_prompt``, then dropped.

        What is said twice in a narrow window is decoded once more in a wide one, and believed. ``answers``: what is probably
        said, where that is short. In between it is asked ``is_wanted``; what is not is given up, without words.
        """
        if len(samples) <= _SHORT_SOUND:
            decoded = self._decode_short(samples, prompt, answers, is_wanted)
        else:
            window = window_for(samples)
            decoded = self._decode(samples, prompt, window, _BEAM, is_wanted)
            if window < WINDOW_SECONDS and decoded.is_said_again and is_wanted():
                decoded = self._decode(samples, prompt, WINDOW_SECONDS, _BEAM, is_wanted)
        if decoded.is_loop:
            decoded = self._decode(samples, fallback_prompt, _FULL_WINDOW_SECONDS, _BEAM, is_wanted)
            if decoded.is_loop:
                return NOTHING
        return decoded

    def _decode_short(
        self, samples: Samples, prompt: str, answers: Sequence[str], is_wanted: Callable[[], bool]
    ) -> Decoded:
        """Decode a short sound in a narrow window, and further only where the decoder is unsure.

        What is none of ``answers`` is read with no other words to choose from, and the answer that is likely even so is
        believed. Otherwise it is decoded in a wide window, and in doubt once more from a little later on: the likelier is
        taken.
        """
        encoded = self._encoded(samples, _SHORT_WINDOW_SECONDS)
        if encoded is None or not is_wanted():
            return NOTHING
        decoded = self._read(encoded, samples, prompt, _BEAM)
        may_be_answer = decoded.probability < _SURE_OF_NO_ANSWER and not decoded.is_one_of(answers)
        if answers and decoded.text and may_be_answer and is_wanted():
            answer = self._answer(encoded, prompt, answers)
            if answer is not None and abs(answer.characters - decoded.characters) <= _MOST_LONGER:
                return answer
        is_sure = decoded.probability >= _SURE_OF_SHORT and not decoded.is_stammered
        if (is_sure and not decoded.is_said_again) or not is_wanted():
            return decoded
        decoded = self._decode(samples, prompt, WINDOW_SECONDS, _BEAM, is_wanted)
        if decoded.probability < _DOUBTFUL_PROBABILITY and is_wanted():
            later = np.concatenate([np.zeros(_LATER, np.float32), samples])
            again = self._decode(later, prompt, WINDOW_SECONDS, _BEAM, is_wanted)
            decoded = max(decoded, again, key=lambda one: one.probability)
        return decoded

    def decode_in_passing(
        self, samples: Samples, prompt: str, *, is_wanted: Callable[[], bool] = lambda: True
    ) -> Decoded:
        """Decode less thoroughly, for what is only looked at."""
        decoded = self._decode(samples, prompt, window_for(samples), _NARROW_BEAM, is_wanted)
        return NOTHING if decoded.is_loop else decoded

    def _decode(
        self, samples: Samples, prompt: str, window_seconds: float, beam: int, is_wanted: Callable[[], bool]
    ) -> Decoded:
        encoded = self._encoded(samples, window_seconds)
        return self._read(encoded, samples, prompt, beam) if encoded is not None and is_wanted() else NOTHING

    def _encoded(self, samples: Samples, window_seconds: float) -> ctranslate2.StorageView | None:
        """Return the sound as the encoder sees it; None where it is nothing but a floor: the decoder would make something up."""
        frames = int(window_seconds * _FRAMES_PER_SECOND)
        features = self._features(samples)[:, :frames]
        floor = features.min()
        if features.max() - floor < _LEAST_CONTRAST:
            return None
        padded = np.full((features.shape[0], frames), floor, np.float32)
        padded[:, : features.shape[1]] = features
        return self._model.encode(ctranslate2.StorageView.from_array(padded[np.newaxis]))

    def _read(self, encoded: ctranslate2.StorageView, samples: Samples, prompt: str, beam: int) -> Decoded:
        """Return the likeliest words; nothing where they are doubtful and it is no Chinese speech."""
        speech_tokens = int(_TOKENS_PER_SECOND * len(samples) / SAMPLE_RATE_HZ) + _SPARE_TOKENS
        readings = self._readings(encoded, prompt, beam, speech_tokens)
        probability = readings[0][1]
        text, *others = dict.fromkeys(self._written(heard) for heard, _ in readings)
        decoded = Decoded(text, probability, tuple(others))
        is_doubtful = probability < _DOUBTFUL_PROBABILITY or decoded.is_said_again
        return NOTHING if is_doubtful and not self._is_chinese(encoded) else decoded

    def _answer(
        self, encoded: ctranslate2.StorageView, prompt: str, answers: Sequence[str]
    ) -> Decoded | None:
        """Return the likeliest of ``answers``; None where none is likely, or it is no Chinese speech."""
        others = self._tokens_but(tuple(answers))
        for heard, probability in self._readings(encoded, prompt, _BEAM, _SPARE_TOKENS, others):
            decoded = Decoded(self._written(heard), probability)
            if decoded.is_one_of(answers):
                is_likely = probability ** (len(heard) + 1) >= _LIKELY_ANSWER and self._is_chinese(encoded)
                return decoded if is_likely else None
        return None

    def _readings(
        self,
        encoded: ctranslate2.StorageView,
        prompt: str,
        beam: int,
        most: int,
        never: Sequence[int] = (),
    ) -> list[tuple[list[int], float]]:
        """Return what it may be, likeliest first, in up to ``most`` tokens and none of ``never``, with their mean probability."""
        tokens = list(self._prompt(prompt))
        result = self._model.generate(
            encoded,
            [tokens],
            beam_size=beam,
            max_length=min(_MOST_TOKENS, len(tokens) + most),
            num_hypotheses=beam,  # the beam holds them anyhow
            return_scores=True,
            sampling_temperature=0,
            suppress_tokens=[-1, *never],
        )[0]
        return [
            (heard, math.exp(score * len(heard) / (len(heard) + 1)))
            for heard, score in zip(result.sequences_ids, result.scores, strict=True)
        ]

    def _written(self, tokens: list[int]) -> str:
        text: str = simplified(self._tokenizer.decode(tokens))
        return text.replace("\ufffd", "").strip()

    def _is_chinese(self, encoded: ctranslate2.StorageView) -> bool:
        languages = dict(self._model.detect_language(encoded)[0])
        return float(languages["<|zh|>"]) > _LEAST_CHINESE

    def _all_but(self, answers: tuple[str, ...]) -> list[int]:
        """Return every token that is in none of ``answers``."""
        said = {self._tokenizer.eot}
        for answer in answers:
            said.update(self._tokenizer.encode(answer), self._tokenizer.encode(f"{answer}。"))
        return [token for token in range(self._tokenizer.tokenizer.get_vocab_size()) if token not in said]

    def _encode_prompt(self, prompt: str) -> tuple[int, ...]:
        before = [self._tokenizer.sot_prev, *self._tokenizer.encode(f" {prompt}")] if prompt else []
        return (*before, *self._tokenizer.sot_sequence, self._tokenizer.no_timestamps)


def window_for(samples: Samples) -> float:
    """Return the seconds of the window in which ``samples`` are decoded."""
    if len(samples) <= _SHORT_SOUND:
        return _SHORT_WINDOW_SECONDS
    seconds = math.ceil(2 * (len(samples) / SAMPLE_RATE_HZ + _SILENCE_SECONDS)) / 2
    return min(WINDOW_SECONDS, seconds)


def check_files(model: str, model_dir: Path, checksums: dict[str, str]) -> None:
    """Raise ``ModelRefusedError``, naming the file, unless every file is there with its SHA-256."""
    for name, expected in checksums.items():
        file = model_dir / name
        if not file.is_file():
            raise ModelRefusedError(model=model, file=str(file), reason="模型文件不存在")
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != expected:
                raise ModelRefusedError(
                    model=model, file=str(file), reason="模型文件损坏或不是指定的版本（SHA-256不符）"
                )


def main() -> None:
    """Load the model and serve jobs: ``{"prompt", "phone_prompt", "fallback_prompt", "answers"}`` with 16 kHz samples."""
    side = WorkerSide()
    model_dir = Path(sys.argv[1])
    lanes, threads = int(sys.argv[3]), int(sys.argv[4])
    try:
        check_files("whisper", model_dir, json.loads(sys.argv[2]))
        decoder = WhisperDecoder(model_dir, lanes=lanes, threads=threads, compute_type=sys.argv[5])
    except ModelRefusedError as error:
        side.refuse(error.reason, file=error.file)
        return
    decoder.decode(np.zeros(SAMPLE_RATE_HZ, np.float32), "")

    def work(job: dict[str, Any], body: bytes) -> Reply:
        samples = np.frombuffer(body, np.int16).astype(np.float32) / np.float32(32_768)
        is_phone = is_from_phone(samples)
        prompt = job["phone_prompt"] if is_phone else job["prompt"]
        sound = turn_down_noise(samples) if is_noisy(samples, is_phone=is_phone) else samples

        def is_wanted() -> bool:
            return not side.is_dropped(job)

        if job["urgency"] == Urgency.SPARE:
            decoded = decoder.decode_in_passing(sound, prompt, is_wanted=is_wanted)
        else:
            decoded = decoder.decode(
                sound, prompt, job["fallback_prompt"], answers=job["answers"], is_wanted=is_wanted
            )
        return {
            "text": decoded.text,
            "probability": decoded.probability,
            "others": decoded.others,
        }, b""

    side.ready()
    side.serve(work, lanes=lanes)


if __name__ == "__main__":
    main()
