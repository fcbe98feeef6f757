"""What came of a letter, written within the transaction that ends it: its answer, journal and end, and the hurrying of what waits."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hotline.domain.appeal import ContactChannel
from hotline.domain.letters import FromDesk, Letter, Way
from hotline.domain.outbox import MessageState
from hotline.store.auditing import write_audit
from hotline.store.conversation_ends import ended
from hotline.store.letter_values import Done
from hotline.store.sealing import Seal
from hotline.store.tables import (
    conversations,
    correspondences,
    evidence,
    journal,
    letters,
    outbox,
)

_LETTER: Final = TypeAdapter(Letter)
_COUNTED: Final = (ContactChannel.WECHAT, ContactChannel.MINI_PROGRAMME)


class LetterWriting:
    """Writes rows; ``seal`` closes them."""

    def __init__(self, seal: Seal) -> None:
        """Take what seals the rows."""
        self._seal = seal

    async def write_conversation(self, connection: AsyncConnection, done: Done) -> None:
        """Write what has happened in the conversation; of one that may hold a state secret, delete what was written."""
        talk = done.conversation
        if talk is None:
            return
        if done.begins is not None:
            await connection.execute(
                conversations.insert().values(
                    id=talk, channel=done.after.channel.value, call_id="", started_at=done.begins
                )
            )
            await connection.execute(
                correspondences.insert().values(conversation=talk, correspondent=done.after.id)
            )
        if done.is_secret:
            await self._conceal(connection, talk, done)
        elif done.rows:
            await connection.execute(
                journal.insert(),
                [
                    {
                        "conversation": talk,
                        "sequence": row.sequence,
                        "at": row.at,
                        "name": row.name,
                        "body": self._seal.close(
                            json.dumps(row.body, ensure_ascii=False).encode(),
                            f"journal:{talk}:{row.sequence}",
                        ),
                    }
                    for row in done.rows
                ],
            )
        if done.order is not None:
            loose = update(evidence).where(evidence.c.conversation == talk, evidence.c.work_order.is_(None))
            await connection.execute(loose.values(work_order=done.order))
        if done.end is not None:
            await connection.execute(ended(talk, done.end))

    @staticmethod
    async def hurry(connection: AsyncConnection, done: Done) -> None:
        """Have tried now what failed before: who has just written can be written to again (WeChat's 48 hours and five messages)."""
        letter = done.claimed.letter
        if letter is not None and not isinstance(letter.content, FromDesk) and done.after.channel in _COUNTED:
            waiting = update(outbox).where(
                outbox.c.destination == done.after.id,
                outbox.c.state == MessageState.PENDING.value,
                outbox.c.attempts > 0,
                outbox.c.next_at > done.at,
            )
            await connection.execute(waiting.values(next_at=done.at))

    async def _conceal(self, connection: AsyncConnection, talk: str, done: Done) -> None:
        """Delete what was written in a conversation, and what was answered; that it took place is kept."""
        await connection.execute(delete(journal).where(journal.c.conversation == talk))
        mine = select(letters.c.id, letters.c.key, letters.c.body).where(letters.c.conversation == talk)
        rows = (await connection.execute(mine)).all()
        for row in rows:
            blank = self._blanked(self._seal.open(row.body, f"letter:{row.key}"))
            body = self._seal.close(blank, f"letter:{row.key}")
            await connection.execute(
                update(letters).where(letters.c.id == row.id).values(body=body, answer=None)
            )
        await self._delete_answers(connection, done.after.id, {row.key for row in rows}, f"silence:{talk}:")
        await write_audit(
            connection, at=done.at, actor="machine", action="journal.concealed", subject=talk, detail={}
        )

    @staticmethod
    async def _delete_answers(
        connection: AsyncConnection, who: str, of_letters: Collection[str], unasked: str
    ) -> None:
        """Delete messages to a correspondent that answer these letters, or that begin so, sent or not: they may say the words back."""
        theirs = select(outbox.c.id, outbox.c.key).where(outbox.c.destination == who, outbox.c.subject == who)
        told = [
            row.id
            for row in (await connection.execute(theirs)).all()
            if row.key.rpartition(":")[0] in of_letters or row.key.startswith(unasked)
        ]
        await connection.execute(delete(outbox).where(outbox.c.id.in_(told)))

    @staticmethod
    def _blanked(body: bytes) -> bytes:
        """Return a letter without its words; the subject of an e-mail is among them."""
        kept = json.loads(body)
        if "subject" in kept["address"]:
            kept["address"]["subject"] = ""
        kept["content"] = {"text": "", "attachments": [], "form": "written"}
        return json.dumps(kept).encode()

    async def write_answer(self, connection: AsyncConnection, done: Done) -> None:
        """Write a letter's answer and the way it goes; answers that were owed go with it."""
        claimed = done.claimed
        if claimed.letter is None:
            return
        key, place = claimed.letter.key, f"answer:{claimed.letter.key}"
        values: dict[str, Any] = {
            "answered_at": done.at,
            "way": done.way.value,
            "conversation": done.conversation,
            "answer": self._seal.close(json.dumps(done.texts, ensure_ascii=False).encode(), place),
        }
        if done.is_secret:
            blank = self._blanked(_LETTER.dump_json(claimed.letter))
            values["body"] = self._seal.close(blank, f"letter:{key}")
        await connection.execute(update(letters).where(letters.c.id == claimed.letter_id).values(**values))
        if claimed.owed and not done.is_secret and done.way in (Way.REPLY, Way.OUTBOX):
            paid = update(letters).where(letters.c.id.in_([each for each, _ in claimed.owed]))
            await connection.execute(paid.values(passed_at=done.at))
