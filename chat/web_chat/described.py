"""The protocol described for programs: AsyncAPI 3 and JSON Schema, made of the models so that they say what is so.

``python -m chat.web_chat.described`` writes ``docs/asyncapi/web-chat.yaml`` and ``docs/schemas/web-chat-2-*.schema.json``.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from chat.web_chat import protocol

_DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
ASYNCAPI: Final = _DOCS / "asyncapi" / "web-chat.yaml"
SCHEMAS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "web-chat-2-incoming": protocol.INCOMING,
    "web-chat-2-outgoing": protocol.OUTGOING,
}
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI document. The application that it describes is the hotline: it receives what pages send."""
    incoming, outgoing = _models(protocol.Incoming), _models(protocol.Outgoing)
    everything = [*incoming, *outgoing]
    _, found = models_json_schema(
        [(model, "serialization" if model in outgoing else "validation") for model in everything],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "12345 web chat",
            "version": f"{protocol.VERSION}.0.0",
            "description": "Every message is one JSON object in a text frame. Rules and limits: docs/protocol-web-chat.md.",
            "license": {"name": "GPL-3.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "hotline": {
                "host": "{host}",
                "protocol": "wss",
                "variables": {"host": {"description": "Where the hotline's web process is reached"}},
            }
        },
        "channels": {
            "chat": {
                "address": "/chat/ws",
                "title": "One citizen's conversation",
                "messages": {
                    _name(model): {"$ref": f"#/components/messages/{_name(model)}"} for model in everything
                },
                "bindings": {"ws": {"method": "GET"}},
            }
        },
        "operations": {
            "fromPage": _operation("receive", "What a page sends; the first message is hello", incoming),
            "toPage": _operation("send", "What the hotline sends to a page", outgoing),
        },
        "components": {
            "messages": {_name(model): _message(model) for model in everything},
            "schemas": {name: _plain(schema) for name, schema in found["$defs"].items()},
        },
    }


def json_schema(which: str) -> dict[str, Any]:
    """Return the JSON Schema of one of ``SCHEMAS``."""
    mode: Any = "serialization" if which.endswith("outgoing") else "validation"
    return {"$schema": _DRAFT, "title": which, **_plain(SCHEMAS[which].json_schema(mode=mode))}


def _models(union: Any) -> list[type[BaseModel]]:
    return list(get_args(union))


def _name(model: type[BaseModel]) -> str:
    (name,) = get_args(model.model_fields["type"].annotation)
    return str(name)


def _operation(action: str, summary: str, models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/chat"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/chat/messages/{_name(model)}"} for model in models],
    }


def _message(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": _name(model),
        "summary": " ".join((inspect.getdoc(model) or "").split()),
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
    }


def _plain(schema: Any) -> Any:
    """Return a schema as both AsyncAPI and JSON Schema take it: OpenAPI's discriminators say nothing that is not said."""
    if isinstance(schema, Mapping):
        return {name: _plain(value) for name, value in schema.items() if name != "discriminator"}
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema


def described() -> dict[Path, str]:
    """Return every file with what it says."""
    text = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=120)
    found = {ASYNCAPI: "# Made by python -m chat.web_chat.described; not by hand.\n" + text}
    for which in SCHEMAS:
        schema = json.dumps(json_schema(which), ensure_ascii=False, indent=2)
        found[_DOCS / "schemas" / f"{which}.schema.json"] = schema + "\n"
    return found


if __name__ == "__main__":
    for file, text in described().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
