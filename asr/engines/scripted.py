"""A recognizer that hears what it was told: for simulations and tests of what comes after recognition."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence

from hotline.domain.speech import WIDE_BAND, AudioFormat, Expected, Hypothesis


class ScriptedRecognizer:
    """Recognizer that returns the given texts in order, one an utterance, then empty text. It listens to the end."""

    name = "scripted"
    accepts: AudioFormat = WIDE_BAND
    is_streaming = False

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = iter(tuple(texts))

    async def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        """Yield the next text as the final hypothesis, whatever is expected."""
        del expect, choices
        async for _ in audio:
            pass
        text = next(self._texts, "")
        yield Hypothesis(text=text, raw=text, is_final=True, engine=self.name)

    async def close(self) -> None:
        """Nothing to free."""
