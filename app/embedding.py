"""Sites that carry the chat besides the hotline's own (嵌入): what their pages may load and ask, by a list of origins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import Request
from fastapi.responses import Response

_SHARED: Final = ("/chat/", "/api/citizen/", "/static/")
_FRAMED: Final = ("/",)
_POLICY: Final = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Max-Age": "600",
}


@dataclass(frozen=True, slots=True)
class Hosts:
    """The origins by setting. No cookie is ever sent along: who a citizen is, a token says."""

    origins: frozenset[str] = frozenset()

    def preflight(self, request: Request) -> Response | None:
        """Return the answer to a browser that asks whether its page may ask; None for any other request."""
        is_one = request.method == "OPTIONS" and "access-control-request-method" in request.headers
        if not is_one or not request.url.path.startswith(_SHARED):
            return None
        is_admitted = request.headers.get("origin") in self.origins
        return Response(status_code=204 if is_admitted else 403, headers=_PREFLIGHT if is_admitted else {})

    def headers(self, request: Request) -> dict[str, str]:
        """Return what is said to the browser about who may use the answer."""
        path, origin = request.url.path, request.headers.get("origin")
        carriers = "".join(f" {each}" for each in sorted(self.origins)) if path in _FRAMED else ""
        found = {"Content-Security-Policy": _POLICY + carriers}
        if path.startswith(_SHARED) and self.origins:
            found["Vary"] = "Origin"
            if origin in self.origins:
                found["Access-Control-Allow-Origin"] = str(origin)
        return found
