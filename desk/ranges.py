"""Parts of a sound, as browsers ask for them while somebody seeks in it."""

from __future__ import annotations

import re
from typing import Final

from fastapi.responses import Response

_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


def ranged(body: bytes, wanted: str) -> Response:
    """Return the whole, or the one range that is asked for (RFC 9110, section 14)."""
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or not any(match.groups()):
        return Response(body, media_type="audio/wav", headers=headers)
    first, last = match.groups()
    start = int(first) if first else max(0, len(body) - int(last))
    stop = min(int(last) + 1, len(body)) if first and last else len(body)
    if start >= stop:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(body)}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    return Response(body[start:stop], status_code=206, media_type="audio/wav", headers=headers)
