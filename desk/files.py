"""Files that come with a form: kept with their order, and only when the rules take what they come with."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from fastapi import HTTPException
from starlette.datastructures import UploadFile

from desk.forms import WrongFieldsError
from desk.front import Front
from hotline.domain.deeds import Evidence
from hotline.domain.work_order import WorkOrder
from hotline.service.letter_parts import Kept, Refused
from hotline.service.pictures import MOST_BYTES

_NOT_KEPT: Final = {
    Refused.TOO_LARGE: "文件太大。",
    Refused.TOO_MANY: "这张工单的材料已经够多，不能再传。",
    Refused.NOT_A_PICTURE: "只收图片和 PDF。",
}


class FileRefusedError(Exception):
    """A file is too large, one too many, or no picture; ``text`` says so."""

    def __init__(self, why: Refused) -> None:
        self.text = _NOT_KEPT[why]
        super().__init__(why.value)


async def keep_files(front: Front, found: WorkOrder, files: Sequence[UploadFile]) -> list[str]:
    """Keep what was uploaded with its order and return the ids; all of it or nothing. Raises ``FileRefusedError``."""
    sent = [file for file in files if file.size]  # a field that was left empty is sent as an empty file
    keeping = front.parts.keeping
    if sent and keeping is None:
        raise HTTPException(404)
    kept: list[str] = []
    for file in sent:
        assert keeping is not None
        body, name = await file.read(MOST_BYTES + 1), secrets.token_hex(16)
        done = await keeping.keep(
            body, name=name, conversation=found.conversation, order=found.number, at=front.parts.clock()
        )
        if not isinstance(done, Kept):
            await keeping.drop(kept)
            raise FileRefusedError(done)
        kept.append(name)
    return kept


async def evidence_of(
    front: Front, found: WorkOrder, files: Sequence[UploadFile], field: str
) -> tuple[Evidence, ...]:
    """Keep what was uploaded and return it as evidence. Raises ``WrongFieldsError`` of ``field``."""
    try:
        return tuple(Evidence(name) for name in await keep_files(front, found, files))
    except FileRefusedError as refused:
        raise WrongFieldsError({field: refused.text}) from refused


def placeholders(files: Sequence[UploadFile]) -> tuple[Evidence, ...]:
    """Return what files would be once they are kept, to ask the rules first."""
    return tuple(Evidence("-") for file in files if file.size)
