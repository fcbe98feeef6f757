"""How a conversation ended, as a statement for whichever transaction ends it: a call's own, or the one that answers a letter."""

from __future__ import annotations

from sqlalchemy import Update, update

from hotline.domain.conversation_end import ConversationEnd
from hotline.store.tables import conversations


def ended(conversation: str, end: ConversationEnd) -> Update:
    """Return the statement that closes the record of ``conversation`` with its outcome and rating."""
    return (
        update(conversations)
        .where(conversations.c.id == conversation)
        .values(
            ended_at=end.at,
            outcome=end.outcome,
            article=end.article,
            work_order=end.work_order,
            rating=end.rating,
        )
    )
