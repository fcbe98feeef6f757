"""The house's own rules: its words, and that what citizens hear lives in ``config/``."""

from __future__ import annotations

import itertools
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "asr", "chat", "hotline", "ivr", "knowledge_base", "nlu", "router", "tts")
BANNED = re.compile(r"\b(class|def)\s+\w*(ticket|department|manager|helper|util)\w*", re.IGNORECASE)
SOURCES = [
    file
    for package in PACKAGES
    for file in sorted((ROOT / package).rglob("*.py"))
    if ".venv" not in file.parts
]


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_one_concept_has_one_word(file: Path) -> None:
    assert BANNED.findall(file.read_text(encoding="utf-8")) == []


def test_what_citizens_hear_lives_in_config() -> None:
    """The dialogue and the phone hold no Chinese at all outside docstrings and comments."""
    found = []
    for package in ("hotline/dialogue", "hotline/domain", "ivr"):
        for file in sorted((ROOT / package).rglob("*.py")):
            with file.open("rb") as source:
                tokens = list(tokenize.tokenize(source.readline))
            for before, token in itertools.pairwise(tokens):
                is_docstring = token.string.startswith('"""') and before.type in (
                    tokenize.INDENT,
                    tokenize.NEWLINE,
                    tokenize.NL,
                    tokenize.ENCODING,
                    tokenize.DEDENT,
                )
                if (
                    token.type == tokenize.STRING
                    and not is_docstring
                    and re.search(r"[\u4e00-\u9fff]{2,}", token.string)
                ):
                    found.append(f"{file.relative_to(ROOT)}:{token.start[0]} {token.string[:40]}")
    allowed = [line for line in found if "reason=" in line or "words.py" in line or "prompts.py" in line]
    assert [line for line in found if line not in allowed] == []


def test_every_error_code_is_documented() -> None:
    codes = {
        code
        for file in SOURCES
        for code in re.findall(r'^    code = "([a-z_.]+)"', file.read_text(encoding="utf-8"), re.MULTILINE)
    } - {"hotline.error"}
    documented = set(
        re.findall(r"`([a-z_]+\.[a-z_]+)`", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"))
    )
    assert codes - documented == set()
