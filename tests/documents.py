"""Documents for tests: small ones of every kind that an editor may hand in, and those that must not be handed out."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping

import docx
import openpyxl
from fpdf import FPDF

_TYPES = "<Types><Override PartName='/word/document.xml' ContentType='application/vnd.{}'/></Types>"
_WORD = "openxmlformats-officedocument.wordprocessingml.document.main+xml"


def a_pdf(text: str = "Application form") -> bytes:
    """A PDF with one page, as a library writes it."""
    paper = FPDF()
    paper.add_page()
    paper.set_font("helvetica", size=12)
    paper.cell(text=text)
    return bytes(paper.output())


_STREAM = re.compile(rb"<<([^\0]*?)>>\s*stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"\(((?:\\.|[^\\)])*)\)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of_pdf(body: bytes) -> str:
    """Return what a PDF with one embedded font shows, by the font's own table of characters, without blanks."""
    streams = [
        zlib.decompress(packed) if b"/FlateDecode" in head else packed
        for head, packed in _STREAM.findall(body)
    ]
    table: dict[int, str] = {}
    for each in streams:
        for part in each.split(b"beginbfchar")[1:]:
            pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]{4})>", part.partition(b"endbfchar")[0])
            table |= {int(code, 16): chr(int(char, 16)) for code, char in pairs}
    shown = b"".join(text for each in streams if b" Tf" in each for text in _SHOWN.findall(each))
    codes = re.sub(rb"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), shown, flags=re.DOTALL)
    words = "".join(table[int.from_bytes(codes[at : at + 2])] for at in range(0, len(codes), 2))
    return "".join(words.split())


def a_pdf_of(*objects: bytes) -> bytes:
    """A PDF of these objects; readers find them without a table, too."""
    return b"%PDF-1.7\n" + b"\n".join(objects) + b"\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def packed_objects(text: bytes, *, filter_: bytes = b"/FlateDecode") -> bytes:
    """An object stream that holds one object."""
    body = zlib.compress(b"7 0 " + text) if filter_ == b"/FlateDecode" else (b"7 0 " + text).hex().encode()
    return (
        b"5 0 obj << /Type /ObjStm /N 1 /First 4 /Filter "
        + filter_
        + b" /Length %d >>\nstream\r\n" % len(body)
        + body
        + b"\nendstream endobj"
    )


def a_docx(text: str = "申请表") -> bytes:
    """A Word file as a library writes it."""
    paper, out = docx.Document(), io.BytesIO()
    paper.add_paragraph(text)
    paper.save(out)
    return out.getvalue()


def a_sheet() -> bytes:
    """An Excel file as a library writes it."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.save(out)
    return out.getvalue()


def a_packed(parts: Mapping[str, str | bytes]) -> bytes:
    """A ZIP file of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in parts.items():
            packed.writestr(name, body)
    return out.getvalue()


def a_word_of(parts: Mapping[str, str | bytes], *, type_: str = _WORD) -> bytes:
    """A Word file with these parts beside its text."""
    return a_packed({"[Content_Types].xml": _TYPES.format(type_), "word/document.xml": "<w/>", **parts})


def an_open_document(kind: str = "text", **parts: str) -> bytes:
    """An OpenDocument file."""
    media = f"application/vnd.oasis.opendocument.{kind}"
    named = {name.replace("__", "/"): body for name, body in parts.items()}
    return a_packed({"mimetype": media, "content.xml": "<x/>", **named})
