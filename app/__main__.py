"""``python -m app``: the command line ``hotline``."""

from __future__ import annotations

from app.entry import main

if __name__ == "__main__":
    main()
