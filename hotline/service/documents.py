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
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

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
_LONGEST_NAME: Final = 500
_MOST_UNPACKED: Final = 256 * 1024 * 1024
_MOST_OF_A_LIST: Final = 2 * 1024 * 1024
_OPEN_DOCUMENTS: Final = {ODT.encode(): ODT, ODS.encode(): ODS}
_OFFICE: Final = {
    "wordprocessingml.document.main+xml": DOCX,
    "spreadsheetml.sheet.main+xml": XLSX,
}
_MACRO_TYPES: Final = re.compile(r"macroenabled|vbaproject|activex", re.IGNORECASE)
_MACRO_PARTS: Final = re.compile(  # JDEData and jsaProject are WPS's
    r"vbaproject|vbadata|jdedata|jsaproject|(^|/)(macrosheets|activex|basic|scripts)/|oleobject|(^|/)embeddings/.*(?<!\.xlsx)(?<!\.docx)(?<!\.pptx)$"
)
_ELSEWHERE: Final = re.compile(r"\s*(?:https?:|ftp:|\\\\|file:/*\\\\|//|file:////)", re.IGNORECASE)


def _names(*names: str) -> re.Pattern[bytes]:
    """Return what finds these names in a PDF, written with escapes, too: ``/J#61vaScript`` (ISO 32000-1, 7.3.5)."""
    ways = ("".join(f"(?:{letter}|#(?i:{ord(letter):02x}))" for letter in name) for name in names)
    return re.compile(rf"/(?:{'|'.join(ways)})(?=[\x00\t\n\f\r ()<>\[\]{{}}/%]|\Z)".encode())


_ACTIVE: Final = _names(
    "JavaScript", "Launch", "Rendition", "RichMedia", "EmbeddedFile", "EmbeddedFiles", "XFA"
)
_ENCRYPTED: Final = _names("Encrypt")
_OBJECT_STREAM: Final = _names("ObjStm")
_STREAM: Final = re.compile(rb"(?<!end)stream[ \t]*\r?\n?")
_LIKE_OBJECTS: Final = re.compile(rb"\s*\d+\s+\d+\s")
_FIRST_BYTES: Final = 64
_MOST_STREAMS: Final = 100_000
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
            names = [part.filename.replace("\\", "/").lower() for part in parts]
            relations = [part for part in parts if part.filename.lower().endswith(".rels")]
            if (
                len(parts) > _MOST_PARTS
                or len(set(names)) < len(names)  # of two by one name a reader may take the other one
                or max(map(len, names), default=0) > _LONGEST_NAME
                or sum(part.file_size for part in parts) > _MOST_UNPACKED
                or sum(part.file_size for part in relations) > _MOST_OF_A_LIST
            ):
                raise KnowledgeFileRefusedError(FileFault.DAMAGED)
            kind = _kind(packed)
            if kind is None:
                raise KnowledgeFileRefusedError(FileFault.UNKNOWN_KIND)
            if any(_MACRO_PARTS.search(name) for name in names):
                raise KnowledgeFileRefusedError(FileFault.MACROS)
            if any(_has_foreign_template(_parsed(packed, part.filename)) for part in relations):
                raise KnowledgeFileRefusedError(FileFault.MACROS)
            return kind
    except (
        zipfile.BadZipFile,
        zlib.error,
        ParseError,
        LookupError,
        ValueError,
        EOFError,
        OSError,
        NotImplementedError,
    ) as error:
        raise KnowledgeFileRefusedError(FileFault.DAMAGED) from error


def _kind(packed: zipfile.ZipFile) -> str | None:
    names = set(packed.namelist())
    if "mimetype" in names:
        return _OPEN_DOCUMENTS.get(_read(packed, "mimetype").strip())
    if "[Content_Types].xml" not in names:
        return None
    types = [one.get("ContentType", "") for one in _parsed(packed, "[Content_Types].xml").iter()]
    if any(_MACRO_TYPES.search(one) for one in types):
        raise KnowledgeFileRefusedError(FileFault.MACROS)
    return next((kind for mark, kind in _OFFICE.items() if any(one.endswith(mark) for one in types)), None)


def _has_foreign_template(relations: Element) -> bool:
    """Tell whether a template is fetched from elsewhere when the document is opened, with whatever macros it has."""
    return any(
        one.get("Type", "").endswith("/attachedTemplate") and _ELSEWHERE.match(one.get("Target", ""))
        for one in relations.iter()
    )


def _parsed(packed: zipfile.ZipFile, name: str) -> Element:
    root: Element = fromstring(_read(packed, name))
    return root


def _read(packed: zipfile.ZipFile, name: str) -> bytes:
    if packed.getinfo(name).file_size > _MOST_OF_A_LIST:
        raise KnowledgeFileRefusedError(FileFault.DAMAGED)
    return packed.read(name)


# --- PDF ---------------------------------------------------------------------------------------------------


def _check_pdf(body: bytes) -> None:
    """Look for actions in the file as it is written and in the objects that are packed in it (ISO 32000-1, 7.5.7, 12.6.4)."""
    if b"%%EOF" not in body:
        raise KnowledgeFileRefusedError(FileFault.DAMAGED)
    if _ENCRYPTED.search(body):
        raise KnowledgeFileRefusedError(FileFault.LOCKED)
    if _ACTIVE.search(body):
        raise KnowledgeFileRefusedError(FileFault.SCRIPTS)
    last, left = 0, _MOST_OBJECTS
    for many, found in enumerate(_STREAM.finditer(body)):
        if many > _MOST_STREAMS:
            raise KnowledgeFileRefusedError(FileFault.LOCKED)
        # What the stream is stands before it: one of objects must be looked into.
        is_of_objects = _OBJECT_STREAM.search(body, last, found.start()) is not None
        last = found.end()
        objects = _objects(memoryview(body)[found.end() :], left)
        if objects is None and not is_of_objects:
            continue
        left -= len(objects or b"")
        if objects is None or left <= 0:
            raise KnowledgeFileRefusedError(FileFault.LOCKED)
        if _ACTIVE.search(objects):
            raise KnowledgeFileRefusedError(FileFault.SCRIPTS)


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
