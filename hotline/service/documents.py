"""What a document is, told by its content, and whether it does anything of its own (宏、脚本): such a one is not handed out.

These checks are on what a reader would run, not on viruses: an Office file with macros or programs in it, or with a template
that is fetched from elsewhere; a PDF with scripts, with something to launch, or with files inside. What cannot be looked into
(encrypted, or of a make that hides its objects) is not taken either. All of it blocks: call it in a thread.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final

from hotline.domain.knowledge_files import (
    DOCX,
    JPEG,
    ODS,
    ODT,
    PDF,
    XLSX,
    FileFault,
    KnowledgeFileRefusedError,
)
from hotline.service.pictures import MOST_BYTES, redrawn

_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .doc, .xls, and Office files with a password
_ZIP: Final = b"PK\x03\x04"

_MOST_PARTS: Final = 5_000
_MOST_UNPACKED: Final = 256 * 1024 * 1024
_MOST_OF_A_LIST: Final = 2 * 1024 * 1024
_OPEN_DOCUMENTS: Final = {ODT.encode(): ODT, ODS.encode(): ODS}
_OFFICE: Final = {
    b"wordprocessingml.document.main+xml": DOCX,
    b"spreadsheetml.sheet.main+xml": XLSX,
}
_MACRO_TYPES: Final = re.compile(rb"macroenabled|vbaproject|activex", re.IGNORECASE)
_MACRO_PARTS: Final = re.compile(
    r"vbaproject|vbadata|(^|/)(macrosheets|activex|basic|scripts)/|oleobject|(^|/)embeddings/.*(?<!\.xlsx)(?<!\.docx)(?<!\.pptx)$"
)
_FOREIGN_TEMPLATE: Final = re.compile(
    rb"<[^>]*attachedTemplate[^>]*[\"'](?:https?:|ftp:|\\\\|file:/*\\\\)[^>]*>", re.IGNORECASE
)

_END: Final = rb"(?=[\x00\t\n\f\r ()<>\[\]{}/%]|$)"
_ACTIVE: Final = re.compile(rb"/(?:JavaScript|Launch|Rendition|RichMedia|EmbeddedFiles?|XFA)" + _END)
_ENCRYPTED: Final = re.compile(rb"/Encrypt" + _END)
_OBJECT_STREAM: Final = re.compile(rb"/ObjStm" + _END)
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb"(?<!end)stream[ \t]*\r?\n?")
_LIKE_OBJECTS: Final = re.compile(rb"\s*\d+\s+\d+\s")
_FIRST_BYTES: Final = 64
_MOST_OBJECTS: Final = 64 * 1024 * 1024
_CHUNK: Final = 64 * 1024


def taken(body: bytes) -> tuple[str, bytes]:
    """Return the media type and what is to be kept; raise ``KnowledgeFileRefusedError``.

    Pictures are drawn anew (``hotline.service.pictures``), documents stay as they are.
    """
    if not body:
        raise KnowledgeFileRefusedError(FileFault.EMPTY)
    if body.startswith(b"%PDF-"):
        _check_pdf(body)
        return PDF, body
    if body.startswith(_ZIP):
        return _packed(body), body
    if body.startswith(_OLD_OFFICE):
        raise KnowledgeFileRefusedError(FileFault.OLD_KIND)
    if len(body) > MOST_BYTES:
        raise KnowledgeFileRefusedError(FileFault.TOO_LARGE)
    picture = redrawn(body)
    if picture is None:
        raise KnowledgeFileRefusedError(FileFault.UNKNOWN_KIND)
    return JPEG, picture.jpeg


# --- Office files ------------------------------------------------------------------------------------------


def _packed(body: bytes) -> str:
    """Return the media type of an Office or OpenDocument file."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            parts = packed.infolist()
            if any(part.flag_bits & 1 for part in parts):
                raise KnowledgeFileRefusedError(FileFault.LOCKED)
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
                raise KnowledgeFileRefusedError(FileFault.DAMAGED)
            kind = _kind(packed)
            if kind is None:
                raise KnowledgeFileRefusedError(FileFault.UNKNOWN_KIND)
            if any(_MACRO_PARTS.search(part.filename.replace("\\", "/").lower()) for part in parts):
                raise KnowledgeFileRefusedError(FileFault.MACROS)
            for part in parts:
                if part.filename.lower().endswith(".rels") and _FOREIGN_TEMPLATE.search(
                    _read(packed, part.filename)
                ):
                    raise KnowledgeFileRefusedError(FileFault.MACROS)
            return kind
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise KnowledgeFileRefusedError(FileFault.DAMAGED) from error


def _kind(packed: zipfile.ZipFile) -> str | None:
    names = set(packed.namelist())
    if "mimetype" in names:
        return _OPEN_DOCUMENTS.get(_read(packed, "mimetype").strip())
    if "[Content_Types].xml" not in names:
        return None
    types = _read(packed, "[Content_Types].xml")
    if _MACRO_TYPES.search(types):
        raise KnowledgeFileRefusedError(FileFault.MACROS)
    return next((kind for mark, kind in _OFFICE.items() if mark in types), None)


def _read(packed: zipfile.ZipFile, name: str) -> bytes:
    if packed.getinfo(name).file_size > _MOST_OF_A_LIST:
        raise KnowledgeFileRefusedError(FileFault.DAMAGED)
    return packed.read(name)


# --- PDF ---------------------------------------------------------------------------------------------------


def _check_pdf(body: bytes) -> None:
    """Look for actions in the file as it is written and in the objects that are packed in it (ISO 32000-1, 7.5.7, 12.6.4)."""
    if b"%%EOF" not in body:
        raise KnowledgeFileRefusedError(FileFault.DAMAGED)
    plain = _unescaped(body)
    if _ENCRYPTED.search(plain):
        raise KnowledgeFileRefusedError(FileFault.LOCKED)
    if _ACTIVE.search(plain):
        raise KnowledgeFileRefusedError(FileFault.SCRIPTS)
    last, left = 0, _MOST_OBJECTS
    for found in _STREAM.finditer(body):
        # What the stream is stands before it: one of objects must be looked into.
        is_of_objects = _OBJECT_STREAM.search(_unescaped(body[last : found.start()])) is not None
        last = found.end()
        objects = _objects(memoryview(body)[found.end() :], left)
        if objects is None and not is_of_objects:
            continue
        left -= len(objects or b"")
        if objects is None or left <= 0:
            raise KnowledgeFileRefusedError(FileFault.LOCKED)
        if _ACTIVE.search(_unescaped(objects)):
            raise KnowledgeFileRefusedError(FileFault.SCRIPTS)


def _unescaped(text: bytes) -> bytes:
    """Return names as they are meant: ``/J#61vaScript`` is a name, too."""
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), text)


def _objects(packed: memoryview, most: int) -> bytes | None:
    """Return what a stream unpacks to if it may hold objects: those begin with their numbers. At most ``most`` bytes.

    Empty where they are not packed: the file as it is written has been looked through.
    """
    if _LIKE_OBJECTS.match(packed[:_FIRST_BYTES]):
        return b""
    inflating = zlib.decompressobj()
    pieces: list[bytes] = []
    try:
        pieces.append(inflating.decompress(packed[:_CHUNK], _FIRST_BYTES))
        if _LIKE_OBJECTS.match(pieces[0]) is None:
            return None
        rest, start, most = inflating.unconsumed_tail, _CHUNK, most - len(pieces[0])
        while most > 0 and not inflating.eof and (rest or start < len(packed)):
            pieces.append(inflating.decompress(rest or packed[start : start + _CHUNK], most))
            most -= len(pieces[-1])
            start += 0 if rest else _CHUNK
            rest = inflating.unconsumed_tail
    except zlib.error:  # a reader shows what comes before the damage
        if not pieces:
            return None
    return b"".join(pieces)
