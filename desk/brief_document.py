"""The weekly brief as a Word file, after the layout of official documents (公文), for a person to go on editing."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from hotline.service.weekly_brief import Brief


def document(brief: Brief, fonts: Mapping[str, Any]) -> bytes:
    """Return ``brief`` as .docx. ``fonts``: names for ``title``, ``heading`` and ``body``, ``size`` of the body in points."""
    made, size = Document(), int(fonts["size"])
    made.core_properties.title = f"{brief.title}{brief.subtitle}"
    made.core_properties.author = ""
    _write(made.add_heading(level=0), brief.title, str(fonts["title"]), size + 6, is_middle=True)
    _write(made.add_paragraph(), brief.subtitle, str(fonts["body"]), size, is_middle=True)
    for section in brief.sections:
        _write(made.add_heading(level=1), section.heading, str(fonts["heading"]), size)
        for line in section.text.splitlines():
            paragraph = made.add_paragraph()
            paragraph.paragraph_format.first_line_indent = Pt(2 * size)
            _write(paragraph, line, str(fonts["body"]), size)
        if section.rows:
            _table(made, section.columns, section.rows, str(fonts["body"]), size - 4)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _table(made: Any, columns: Sequence[str], rows: Sequence[Sequence[str]], font: str, size: int) -> None:
    table = made.add_table(rows=0, cols=len(columns), style="Table Grid")
    for index, row in enumerate([columns, *rows]):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            _write(cell.paragraphs[0], text, font, size, is_bold=index == 0)
    made.add_paragraph()


def _write(
    paragraph: Paragraph, text: str, font: str, size: int, *, is_middle: bool = False, is_bold: bool = False
) -> None:
    run: Run = paragraph.add_run(text)
    run.font.name, run.font.size, run.font.bold = font, Pt(size), is_bold
    run.font.color.rgb = None
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)  # noqa: SLF001 -- the library has no name for the font of Chinese characters
    if is_middle:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
