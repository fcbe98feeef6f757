"""Correspondence (来信往来): letters are kept, then acknowledged, then answered, each exactly once.

``take`` keeps a letter in the database (in the spool while that is away) and waits a little for its answer. If the answer
comes in time it goes with the very call that brought the letter; else it goes by the outbox. What a killed process leaves
behind is found by the others within seconds: a letter without an answer, an answer that was not handed over.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from hotline.domain.appeal import ContactChannel
from hotline.domain.errors import StoreUnavailableError
from hotline.domain.letters import Correspondent, FromDesk, Letter, Way
from hotline.domain.outbox import Message
from hotline.service.letter_answers import LetterAnswers
from hotline.service.letter_parts import LetterParts
from hotline.store.letter_values import Claimed, Done, Lease, LeaseLostError, Received
from hotline.store.spool import LetterSpool

log: Final = structlog.get_logger("letters")

ANSWER: Final = "letter.answer"
_MOST_TRIES: Final = 5
_GRACE_SECONDS: Final = 0.7
"""How long a call waits on for an answer that is being written when its time is over."""


@dataclass(frozen=True, slots=True)
class LetterPace:
    """How letters are gone about.

    ``lease``: a process that does not renew for so long is taken for dead. ``stranded``: an answer that was not handed over
    for so long goes otherwise; it must be longer than a channel goes on asking. ``messages`` within ``per_seconds``: more of
    one correspondent are kept, but not answered.
    """

    lease: timedelta = timedelta(seconds=10)
    stranded: timedelta = timedelta(seconds=25)
    look_seconds: float = 1.0
    letter_seconds: float = 60.0
    at_once: int = 8
    received_at_once: int = 4
    messages: int = 20
    per_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class ChannelWays:
    """How a channel takes answers: cut into pieces by ``cut``; ``begins``: the hotline may write first, by the outbox."""

    cut: Callable[[str], Sequence[str]]
    begins: bool = True


@dataclass(slots=True)
class _Waiting:
    """Calls that hand over the answer to one letter. ``is_promised``: the answer is being written as theirs."""

    answer: asyncio.Future[tuple[str, ...] | None]
    calls: int = 0
    is_promised: bool = False


class Correspondence:
    """All letters of one process; any number of processes may work on one database."""

    def __init__(
        self,
        parts: LetterParts,
        ways: Mapping[ContactChannel, ChannelWays],
        spool: LetterSpool,
        *,
        holder: str,
        pace: LetterPace | None = None,
    ) -> None:
        """Take what answers, how each channel is answered, the spool, and a name that no other process has."""
        self._parts = parts
        self._letters = parts.letters
        self._answers = LetterAnswers(parts)
        self._ways = ways
        self._spool = spool
        self._holder = holder
        self._pace = pace or LetterPace()
        self._clock = parts.world.clock
        self._waiting: dict[str, _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(self._pace.at_once)
        self._entrance = asyncio.Semaphore(self._pace.received_at_once)
        self._heard: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._passed: list[str] = []
        self._in_hand: set[str] = set()

    async def take(self, letter: Letter, *, wait_seconds: float = 0.0) -> tuple[str, ...] | None:
        """Keep a letter and return its answer, to be handed over now and then told by ``passed``; None: there is none to hand over.

        Without ``wait_seconds`` the call hands nothing over: the answer is the outbox's from the start, however quick it is.
        When it returns, the letter is kept. Raises ``OSError`` when neither database nor disk took it: it must come again.
        """
        if wait_seconds <= 0:
            await self._kept(letter)
            return None
        waiting = self._waiting.get(letter.key)
        if waiting is None:
            waiting = self._waiting[letter.key] = _Waiting(asyncio.get_running_loop().create_future())
        waiting.calls += 1
        try:
            received = await self._kept(letter)
            if received is None or (not received.is_new and received.way is not None):
                return received.texts if received is not None and received.way is Way.REPLY else None
            return await self._wait(waiting, wait_seconds)
        finally:
            waiting.calls -= 1
            if waiting.calls == 0 and (waiting.answer.done() or not waiting.is_promised):
                self._waiting.pop(letter.key, None)

    def passed(self, letter: Letter) -> None:
        """Say that the answer to a letter was handed over."""
        self._passed.append(letter.key)

    async def run(self) -> None:
        """Look after what is left lying, for ever: letters without an answer, answers not handed over, silence, the spool."""
        while True:
            await asyncio.sleep(self._pace.look_seconds)
            try:
                await self.look()
            except StoreUnavailableError as error:
                log.warning("letters.store_away", reason=error.reason)

    async def look(self) -> int:
        """Look once; return how many correspondents were taken in hand."""
        now = self._clock()
        await self._note_passed(now)
        await self._letters.renew(self._lease(now), tuple(self._in_hand))
        await self._unspool()
        started = 0
        for who in await self._letters.waiting(now):
            claimed = await self._letters.claim(who, self._lease(now), now)
            if claimed is not None:
                self._start(claimed)
                started += 1
        for letter, texts in await self._letters.not_passed(now - self._pace.stranded):
            await self._letters.send_otherwise(
                letter, self._messages(letter.correspondent, letter, texts), now
            )
        return started

    async def close(self, *, seconds: float = 5.0) -> None:
        """Let what is under way end, a few seconds at most, and note what was handed over."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._note_passed(self._clock())
        except StoreUnavailableError as error:
            log.warning("letters.store_away", reason=error.reason)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # --- taking ----------------------------------------------------------------------------------------------

    async def _kept(self, letter: Letter) -> Received | None:
        """Keep the letter, and begin its answer unless others do; None: it is in the spool."""
        received = await self._received(letter)
        if received is not None and received.claimed is not None:
            self._start(received.claimed)
        return received

    async def _received(self, letter: Letter) -> Received | None:
        """Keep the letter; None: it is in the spool."""
        try:
            async with self._entrance:  # in a storm they wait here, in order, and not for the database's lock
                now = self._clock()
                return await self._letters.receive(letter, self._lease(now), now)
        except StoreUnavailableError as error:
            log.warning("letter.spooled", reason=error.reason)
        await asyncio.to_thread(self._spool.keep, letter)
        return None

    async def _unspool(self) -> None:
        """Take in what was spooled. A letter that is in the database twice is one: its key is there."""
        for file, letter in await asyncio.to_thread(lambda: list(self._spool.waiting())):
            now = self._clock()
            received = await self._letters.receive(letter, self._lease(now), now)
            await asyncio.to_thread(self._spool.done, file)
            if received.claimed is not None:
                self._start(received.claimed)

    async def _wait(self, waiting: _Waiting, seconds: float) -> tuple[str, ...] | None:
        for each in (seconds, _GRACE_SECONDS):
            try:
                async with asyncio.timeout(each):
                    return await asyncio.shield(waiting.answer)
            except TimeoutError:
                if not waiting.is_promised:
                    return None
        return None

    def _lease(self, now: datetime) -> Lease:
        return Lease(self._holder, now + self._pace.lease)

    async def _note_passed(self, now: datetime) -> None:
        keys = self._passed[:500]
        if keys:
            await self._letters.mark_passed(keys, now)
            del self._passed[: len(keys)]

    # --- answering -------------------------------------------------------------------------------------------

    def _start(self, claimed: Claimed) -> None:
        task = asyncio.create_task(self._work_off(claimed), name="letter")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work_off(self, claimed: Claimed) -> None:
        """Answer one correspondent's letters until there are none left."""
        following: Claimed | None = claimed
        self._in_hand.add(claimed.correspondent.id)
        try:
            async with self._gate:
                while following is not None:
                    following = await self._answer(following)
        finally:  # who was not let go in good order is free when the lease is over
            self._in_hand.discard(claimed.correspondent.id)

    async def _answer(self, claimed: Claimed) -> Claimed | None:
        key = claimed.letter.key if claimed.letter is not None else ""
        texts: tuple[str, ...] | None = None
        try:
            async with asyncio.timeout(self._pace.letter_seconds):
                done = await self._decided(claimed)
                texts = done.texts if done.way is Way.REPLY else None
                following = await self._letters.finish(done, self._lease(self._clock()))
        except (StoreUnavailableError, LeaseLostError) as error:
            log.warning("letter.later", error=type(error).__name__)
            texts = None
            return None
        except Exception as error:  # noqa: BLE001 -- one letter's fault must not stop the others; it is tried again
            log.error("letter.broken", error=type(error).__name__, tries=claimed.tries)
            texts = None
            return None
        finally:
            waiting = self._waiting.get(key)
            if waiting is not None and not waiting.answer.done():
                waiting.answer.set_result(texts)
            if waiting is not None and waiting.calls == 0:
                self._waiting.pop(key, None)
        return following

    async def _decided(self, claimed: Claimed) -> Done:
        """Return what came of the letter, with the way its answer goes."""
        if claimed.tries > _MOST_TRIES:
            log.error("letter.given_up", tries=claimed.tries)
            done = self._without_conversation(claimed, "failed")
        elif _is_of_citizen(claimed.letter) and (hasty := self._is_hasty(claimed)):
            done = self._without_conversation(claimed, "too_fast" if hasty == 1 else "")
        else:
            done = await self._answers.answer(claimed)
        letter = claimed.letter
        if done.is_secret and "subject" in done.after.address:  # it may say it as well
            bare = {**done.after.address, "subject": ""}
            done = replace(done, after=replace(done.after, address=bare))
            letter = replace(letter, address=bare) if letter is not None else None
        kept = done.after.owed
        done = replace(done, after=replace(done.after, owed=()))
        texts = done.texts
        if not done.is_secret:  # what is owed may hold the words
            texts = (*(text for _, owed in claimed.owed for text in owed), *kept, *texts)
        if not texts:
            return done
        whole = "\n".join(texts)
        ways = self._ways[done.after.channel]
        pieces = tuple(ways.cut(whole))
        waiting = self._waiting.get(claimed.letter.key) if claimed.letter is not None else None
        if waiting is not None and waiting.calls > 0 and (len(pieces) == 1 or not ways.begins):
            waiting.is_promised = True
            cut_off = self._parts.words.text("cut_off")
            shown = (
                pieces if len(pieces) == 1 else tuple(ways.cut(pieces[0][: -len(cut_off) - 1] + cut_off))[:1]
            )
            return replace(done, texts=shown, way=Way.REPLY)
        if not ways.begins:
            return _owing(done, () if done.is_secret else kept)
        key = claimed.letter.key if claimed.letter is not None else _key_of_silence(done)
        messages = self._messages(done.after.id, letter, pieces, key=key, who=done.after)
        return replace(done, texts=pieces, way=Way.OUTBOX, messages=messages)

    def _messages(
        self,
        destination: str,
        letter: Letter | None,
        pieces: Sequence[str],
        *,
        key: str = "",
        who: Correspondent | None = None,
    ) -> tuple[Message, ...]:
        channel = letter.channel if letter is not None else who.channel if who is not None else None
        if channel is None or not self._ways[channel].begins:
            return ()
        address = letter.address if letter is not None else who.address if who is not None else {}
        key = key or (letter.key if letter is not None else "")
        return tuple(
            Message(
                destination, ANSWER, destination, {"address": dict(address), "text": text}, f"{key}:{number}"
            )
            for number, text in enumerate(pieces)
        )

    def _without_conversation(self, claimed: Claimed, prompt: str) -> Done:
        texts = (self._parts.words.text(prompt),) if prompt else ()
        return Done(claimed, claimed.correspondent, self._clock(), texts)

    def _is_hasty(self, claimed: Claimed) -> int:
        """Return how many letters too many this is of its correspondent's; 0 while they keep to the pace."""
        now = self._clock()
        heard = self._heard[claimed.correspondent.id]
        while heard and now - heard[0] > timedelta(seconds=self._pace.per_seconds):
            heard.popleft()
        heard.append(now)
        if len(self._heard) > _MOST_HEARD:
            for who in [who for who, times in self._heard.items() if now - times[-1] > timedelta(minutes=5)]:
                del self._heard[who]
        return max(0, len(heard) - self._pace.messages)


_MOST_HEARD: Final = 10_000


def _is_of_citizen(letter: Letter | None) -> bool:
    return letter is not None and not isinstance(letter.content, FromDesk)


def _owing(done: Done, kept: tuple[str, ...]) -> Done:
    """Return it with what is said left for the next letter: with its letter, or with the correspondent where there is none."""
    if done.claimed.letter is not None:
        return replace(done, after=replace(done.after, owed=kept), way=Way.OWED)
    return replace(done, after=replace(done.after, owed=(*kept, *done.texts)), texts=())


def _key_of_silence(done: Done) -> str:
    """Return the key of what is sent without a letter, when a citizen falls silent or an agent has come: once for each."""
    who = done.claimed.correspondent
    return f"silence:{who.conversation}:{done.rows[0].sequence if done.rows else who.turn}"
