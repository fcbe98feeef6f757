"""The names that files of articles go by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.knowledge_files import DOCX, JPEG, LONGEST_NAME, PDF, clean_name


@pytest.mark.parametrize(
    ("given_", "kind", "name"),
    [
        ("居住证申请表.docx", DOCX, "居住证申请表.docx"),
        ("C:\\fakepath\\申请表.DOC", DOCX, "申请表.docx"),
        ("../../etc/passwd", PDF, "passwd.pdf"),
        ("办事 指南（2026）.v2.pdf", PDF, "办事 指南（2026）.v2.pdf"),
        ("表\u202egpj.exe", PDF, "表gpj.pdf"),
        ('a\r\nX: "b"|c.png', JPEG, "a X bc.jpg"),
        ("说明。请先看这一段很长的话", PDF, "说明。请先看这一段很长的话.pdf"),
        (" . .pdf", PDF, "attachment.pdf"),
        ("", JPEG, "attachment.jpg"),
    ],
)
def test_a_name_is_cleaned_and_ends_as_its_content_does(given_: str, kind: str, name: str) -> None:
    assert clean_name(given_, kind) == name


@given(st.text(max_size=200))
def test_a_name_can_be_written_anywhere(text: str) -> None:
    name = clean_name(text, PDF)
    assert name.endswith(".pdf")
    assert 4 < len(name) <= LONGEST_NAME
    assert not set(name) & set('/\\"|\r\n\0')
    assert clean_name(name, PDF) == name
