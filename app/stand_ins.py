"""Stand-ins for the systems at the other end, to try the interfaces out on this machine: no part of the hotline.

``python -m app.stand_ins linkage --line 110 --secret whsec_… --answers http://127.0.0.1:8512/api/linkage/v1/110/answers``
``python -m app.stand_ins unit --secret whsec_…``
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import httpx
import typer
import uvicorn
from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from app.clock import now
from app.deliveries import open_client
from hotline.service.linkage import HandoverMessage, LinkageAnswer, SettledMessage
from hotline.service.webhooks import WebhookRefusedError, signed, verify

cli = typer.Typer(help="对端系统的替身，只供联调", no_args_is_help=True)


@dataclass
class LinkageStandIn:
    """Another line: it checks what comes against the contract, keeps it, and answers as it is told.

    ``decision`` is ``accepted``, ``refused`` or ``undecided``. ``handovers`` holds each once, however often it was sent.
    """

    line: str
    secret: str
    answers_to: str
    decision: str = "accepted"
    clock: Callable[[], datetime] = now
    handovers: dict[str, HandoverMessage] = field(default_factory=dict)
    settled: dict[str, SettledMessage] = field(default_factory=dict)
    answered: list[tuple[int, Any]] = field(default_factory=list)

    def app(self) -> FastAPI:
        """Return its web application: ``POST /`` takes the webhooks."""
        app = FastAPI(title=f"stand-in for {self.line}")
        app.post("/")(self.take)
        return app

    async def take(self, request: Request, later: BackgroundTasks) -> JSONResponse:
        """Take one webhook."""
        body = await request.body()
        try:
            verify([self.secret], dict(request.headers), body, now=self.clock())
            if json.loads(body)["type"] == "linkage.settled":
                settled = SettledMessage.model_validate_json(body)
                self.settled[settled.data.handover] = settled
                return JSONResponse({}, status_code=200)
            message = HandoverMessage.model_validate_json(body)
        except WebhookRefusedError as error:
            return JSONResponse({"code": error.code}, status_code=401)
        except (ValidationError, ValueError, KeyError, TypeError) as error:
            return JSONResponse({"code": "http.422", "text": str(error)}, status_code=422)
        if message.data.to != self.line:
            return JSONResponse({"code": "http.422", "text": f"to: {message.data.to}"}, status_code=422)
        if message.data.handover not in self.handovers:
            self.handovers[message.data.handover] = message
            later.add_task(self.answer, message.data.handover)
        return JSONResponse({}, status_code=202)

    async def answer(self, handover: str, decision: str = "") -> tuple[int, Any]:
        """Post the decision to the hotline; return the status and what it said."""
        chosen = decision or self.decision
        answer = LinkageAnswer.model_validate(
            {
                "handover": handover, "decision": chosen, "by": "0815", "at": self.clock(),
                "reference": f"{self.line}-{len(self.handovers)}", "note": "" if chosen == "accepted" else chosen,
            }
        )  # fmt: skip
        body = answer.model_dump_json().encode()
        headers = {
            "content-type": "application/json",
            **signed(self.secret, identity=f"{handover}-{chosen}", at=self.clock(), body=body),
        }
        async with open_client(5.0) as client:
            try:
                response = await client.post(self.answers_to, content=body, headers=headers)
            except httpx.HTTPError as error:
                result: tuple[int, Any] = (0, type(error).__name__)
            else:
                result = (response.status_code, response.json())
        self.answered.append(result)
        return result


@dataclass
class UnitStandIn:
    """A unit's system: it checks the signature and keeps every message once, by its id."""

    secrets: list[str]
    clock: Callable[[], datetime] = now
    messages: dict[str, Any] = field(default_factory=dict)
    sent_again: int = 0

    def app(self) -> FastAPI:
        """Return its web application: ``POST /`` takes the webhooks, ``GET /`` shows their kinds by id."""
        app = FastAPI(title="stand-in for a unit")
        app.post("/")(self.take)
        app.get("/")(lambda: {key: each["type"] for key, each in self.messages.items()})
        return app

    async def take(self, request: Request) -> JSONResponse:
        """Take one webhook."""
        body = await request.body()
        try:
            identity = verify(self.secrets, dict(request.headers), body, now=self.clock())
        except WebhookRefusedError as error:
            return JSONResponse({"code": error.code}, status_code=401)
        self.sent_again += identity in self.messages
        self.messages.setdefault(identity, json.loads(body))
        return JSONResponse({}, status_code=200)


Port = Annotated[int, typer.Option(help="端口")]
Secret = Annotated[str, typer.Option(help="hotline endpoints set 打印的密钥")]


@cli.command("linkage")
def linkage(
    secret: Secret,
    line: Annotated[str, typer.Option(help="110、119、120、122、12368 或 12309")] = "110",
    answers: Annotated[str, typer.Option(help="热线接收答复的地址")] = "",
    decision: Annotated[str, typer.Option(help="accepted、refused 或 undecided")] = "accepted",
    port: Port = 8611,
) -> None:
    """一个联动平台：按约定校验移交的诉求，并答复受理、不受理或未定。"""
    to = answers or f"http://127.0.0.1:8512/api/linkage/v1/{line}/answers"
    _serve(LinkageStandIn(line, secret, to, decision).app(), port)


@cli.command("unit")
def unit(secret: Secret, port: Port = 8612) -> None:
    """一个承办单位的系统：校验签名，按编号去重。"""
    _serve(UnitStandIn([secret]).app(), port)


def _serve(app: FastAPI, port: int) -> None:
    asyncio.run(uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")).serve())


if __name__ == "__main__":
    cli()
