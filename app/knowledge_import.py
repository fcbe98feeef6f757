"""Articles of a file brought in, for commands and programs: all of it is tried first, so that every row that is refused is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from desk.pages.knowledge.common import refusal_words
from hotline.domain.people import Actor
from hotline.service.knowledge import Knowledge
from knowledge_base.importing import Rows


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """Ids of the articles that were taken, why others were not, and what of those taken is still to be put right."""

    taken: tuple[str, ...]
    rejected: tuple[str, ...]
    remarks: tuple[str, ...] = ()


async def brought_in(
    editing: Knowledge, rows: Rows, *, by: Actor, at: datetime, note: str, submits: bool
) -> BroughtIn:
    """Take what a file holds in as drafts; what is handed in for review (``submits``) is taken as a whole or not at all."""
    refused = dict(await editing.rehearse(rows.articles, by=by, at=at, submits=submits))
    rejected = (*rows.rejected, *(f"{id_}：{refusal_words(error)}" for id_, error in refused.items()))
    if submits and rejected:
        return BroughtIn((), rejected)
    good = [one for one in rows.articles if one.id not in refused]
    taken = await editing.bring_in(good, by=by, at=at, note=note, submits=submits)
    missing = await editing.missing_files(good)
    return BroughtIn(
        tuple(one.id for one in taken), rejected, tuple(f"{id_}：{reason}" for id_, reason in missing)
    )
