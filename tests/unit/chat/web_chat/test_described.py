"""The protocol's documents say what the models say, and can be read by programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from chat.web_chat import protocol
from chat.web_chat.described import SCHEMAS, asyncapi, described, json_schema
from hotline.service.thread import Party
from tests.builders import NOW


def test_the_documents_are_made_of_the_models_as_they_are() -> None:
    assert {file.name: file.read_text(encoding="utf-8") for file in described()} == {
        file.name: text for file, text in described().items()
    }


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


@pytest.mark.parametrize("document", [asyncapi(), *map(json_schema, SCHEMAS)])
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]


def test_what_the_hotline_sends_is_as_described() -> None:
    schema = json_schema("web-chat-2-outgoing")
    for message in (
        protocol.Welcome(session="s", first=1, last=0),
        protocol.Said(number=1, at=NOW, by=Party.HOTLINE, text="您好", replies=("对",)),
        protocol.Guessed(id="d", due_at=NOW),
        protocol.Standing(whom="waiting", position=2),
    ):
        jsonschema_rs.validate(schema, json.loads(message.model_dump_json()))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "hello", "version": 1},
        {"type": "text", "id": "a b", "text": "暖气"},
        {"type": "text", "id": "a", "text": ""},
        {"type": "location", "id": "a", "latitude": 91, "longitude": 0},
        {"type": "history", "before": 0},
        {"type": "dance"},
    ],
)
def test_what_is_refused_is_no_message_by_the_document_either(message: dict[str, Any]) -> None:
    assert isinstance(protocol.parse(json.dumps(message)), protocol.Fault)
    assert not jsonschema_rs.is_valid(json_schema("web-chat-2-incoming"), message)
