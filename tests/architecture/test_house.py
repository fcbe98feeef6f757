"""The house's own rules: its words, and that what citizens hear lives in ``config/``."""

from __future__ import annotations

import ast
import itertools
import re
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "asr", "chat", "desk", "hotline", "ivr", "knowledge_base", "nlu", "router", "tts")
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


ERROR_TEXT = re.compile(r"Error\(|raise |reason|error|refuse|print\(")
"""Lines that word an error for the people who run the hotline; a citizen never hears them."""

COMMAND_LINES = frozenset({"ivr/caller.py", "ivr/standin.py"})
"""Programs of their own, whose help is Chinese."""


def test_what_citizens_hear_lives_in_config() -> None:
    """The dialogue and the phone hold no Chinese but docstrings, comments and texts of errors."""
    found = []
    for package in ("hotline/dialogue", "hotline/domain", "ivr"):
        for file in sorted((ROOT / package).rglob("*.py")):
            name = str(file.relative_to(ROOT))
            if name not in COMMAND_LINES:
                found += [f"{name}:{line}" for line in _spoken_lines(file)]
    assert found == []


def _spoken_lines(file: Path) -> list[int]:
    with file.open("rb") as source:
        tokens = list(tokenize.tokenize(source.readline))
    lines = file.read_text(encoding="utf-8").splitlines()
    before_docstring = (tokenize.INDENT, tokenize.NEWLINE, tokenize.NL, tokenize.ENCODING, tokenize.DEDENT)
    return [
        token.start[0]
        for before, token in itertools.pairwise(tokens)
        if token.type == tokenize.STRING
        and not (token.string.startswith('"""') and before.type in before_docstring)
        and re.search(r"[\u4e00-\u9fff]{2,}", token.string)
        and not any(ERROR_TEXT.search(line) for line in lines[max(0, token.start[0] - 4) : token.start[0]])
    ]


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


def test_every_test_that_the_documents_name_exists() -> None:
    named = {
        name
        for file in (ROOT / "docs").rglob("*.md")
        for name in re.findall(r"`(test_[a-z0-9_]+)`", file.read_text(encoding="utf-8"))
    }
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", file.read_text(encoding="utf-8"))
    }
    assert len(named) > 40
    assert sorted(named - written) == []


def test_what_rasa_reads_of_ours_needs_only_what_its_environment_has() -> None:
    """Rasa lives in an environment of its own: a package of the application's that is missing there ends its training."""
    locked = (ROOT / "requirements" / "rasa.txt").read_text(encoding="utf-8")
    pinned = {name.replace("-", "_") for name in re.findall(r"^([a-z0-9._-]+)==", locked, re.MULTILINE)}
    waiting, seen, foreign = sorted((ROOT / "nlu" / "rasa").glob("*.py")), set[Path](), set[str]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for module in _imported(file):
            ours = [
                path
                for path in (
                    ROOT / f"{module.replace('.', '/')}.py",
                    ROOT / module.replace(".", "/") / "__init__.py",
                )
                if path.exists()
            ]
            waiting += ours
            if not ours and module.split(".")[0] not in sys.stdlib_module_names | set(PACKAGES):
                foreign.add(module.split(".")[0])
    assert {"hotline/phonetics.py", "nlu/engines/features.py"} <= {
        str(file.relative_to(ROOT)) for file in seen
    }
    assert foreign - pinned == set()


def _imported(file: Path) -> set[str]:
    found = set[str]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found
