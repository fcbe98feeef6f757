"""The recogniser's contract (语音识别)."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Protocol

from hotline.domain.speech import AudioFormat, Expected, Hypothesis


class Recognizer(Protocol):
    """Turns the sound of one utterance into words.

    An engine biases by ``expect`` and by ``choices`` (likely answers) as well as it can. It yields partial
    hypotheses where it streams, and exactly one final one, last; silence gives a final hypothesis with empty text.
    Raises ``EngineUnavailableError`` when it is down or late, ``EngineBusyError`` when its queue is full.
    """

    @property
    def name(self) -> str:
        """Short name for logs, reports and ``Hypothesis.engine``."""

    @property
    def accepts(self) -> AudioFormat:
        """The sound it wants; the caller resamples."""

    @property
    def is_streaming(self) -> bool:
        """True when sound may be fed as it comes; otherwise it decodes once the utterance is complete."""

    def recognize(
        self, audio: AsyncIterable[bytes], *, expect: Expected, choices: Sequence[str] = ()
    ) -> AsyncIterator[Hypothesis]:
        """Recognise one utterance of 16-bit mono samples in the format ``accepts``."""

    async def close(self) -> None:
        """Free processes and memory; idempotent."""
