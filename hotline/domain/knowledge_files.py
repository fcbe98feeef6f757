"""Files of articles (附件文件): forms and documents that editors hand in, known by what is in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from hotline.domain.errors import HotlineError

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT: Final = "application/vnd.oasis.opendocument.text"
ODS: Final = "application/vnd.oasis.opendocument.spreadsheet"
SUFFIXES: Final[Mapping[str, str]] = {
    PDF: ".pdf", JPEG: ".jpg", DOCX: ".docx", XLSX: ".xlsx", ODT: ".odt", ODS: ".ods",
}  # fmt: skip
"""What is taken, by media type, with the ending of its names. Pictures are all kept as JPEG."""
LONGEST_NAME: Final = 80
_NOT_IN_NAMES: Final = frozenset('/\\:*?"<>|')
_LONGEST_SUFFIX: Final = 6


class FileFault(StrEnum):
    """Why a file was not taken."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNKNOWN_KIND = "unknown_kind"
    OLD_KIND = "old_kind"
    DAMAGED = "damaged"
    MACROS = "macros"
    SCRIPTS = "scripts"
    LOCKED = "locked"


class KnowledgeFileRefusedError(HotlineError):
    """A file was not taken; ``code`` says why (``knowledge_file.macros`` …). Nothing was kept."""

    code = "knowledge_file.refused"

    def __init__(self, fault: FileFault) -> None:
        self.fault = fault
        self.code = f"knowledge_file.{fault.value}"
        super().__init__(fault.value)


class KnowledgeFileNotFoundError(HotlineError):
    """No article that may be shown carries this file, or it is gone."""

    code = "knowledge_file.not_found"


@dataclass(frozen=True, slots=True)
class KnowledgeFile:
    """A file that was handed in. ``digest`` is the SHA-256 of what is in it, ``kind`` its media type, ``size`` in bytes."""

    digest: str
    kind: str
    size: int
    kept_at: datetime
    kept_by: str


def clean_name(name: str, kind: str) -> str:
    """Return the name that a file goes by: without folders and what no name may hold, ending as its kind does."""
    bare = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = "".join(" " if one.isspace() else one for one in bare if _is_printed(one))
    stem, dot, suffix = " ".join(kept.split()).rpartition(".")
    if not (dot and suffix.isalnum() and len(suffix) <= _LONGEST_SUFFIX):
        stem = " ".join(kept.split())
    stem = stem.strip(" .")[: LONGEST_NAME - _LONGEST_SUFFIX].rstrip(" .")
    return (stem or "attachment") + SUFFIXES[kind]


def _is_printed(character: str) -> bool:
    """Tell whether a name may hold it: nothing that steers, hides or turns the direction of writing."""
    return character.isspace() or (
        character not in _NOT_IN_NAMES and unicodedata.category(character)[0] != "C"
    )
