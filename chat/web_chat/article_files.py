"""Forms and documents of articles for citizens (附件下载): only while an article that carries them is in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from chat.web_chat.doors import Buckets
from hotline.service.knowledge_files import KnowledgeFiles, headers_of, path_of

_RATE: Final = (60.0, 1.0)
ArticleId = Annotated[str, InPath(pattern=r"^[A-Za-z][A-Za-z0-9-]{2,39}$")]
Digest = Annotated[str, InPath(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class ArticleFiles:
    """The route ``/chat/articles/{article}/files/{digest}``. ``buckets`` limit how often one address asks."""

    files: KnowledgeFiles
    clock: Callable[[], datetime]
    timezone: ZoneInfo
    buckets: Buckets

    def router(self) -> APIRouter:
        """Return the route."""
        routes = APIRouter(tags=["chat"])
        routes.get(path_of("{article}", "{digest}"), response_class=Response)(self.one)
        return routes

    async def one(self, request: Request, article: ArticleId, digest: Digest) -> Response:
        """Return a file to be saved, or 304 where the browser has it and may still use it."""
        address = request.client.host if request.client is not None else ""
        if not await self.buckets.take(f"article-file:{address}", burst=_RATE[0], per_second=_RATE[1]):
            raise HTTPException(429)
        on = self.clock().astimezone(self.timezone).date()
        attachment, file, body = await self.files.for_citizens(article, digest, on=on)
        headers = headers_of(attachment, file)
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=file.kind, headers=headers)
