"""``python -m bench``: all measurements; the real data's folder is named by HOTLINE_BENCH_DATA."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run ``hotline bench`` for everything there is data for; return the number of measurements that failed."""
    runs = [["router"], ["calls", "--count", "20"]]
    data = Path(os.environ.get("HOTLINE_BENCH_DATA", ""))
    if data.name and data.is_dir():
        speech = ["--audio", str(data / "speech"), "--transcripts", str(data / "speech" / "transcripts.csv")]
        messages = data / "messages"
        runs += [
            ["asr", *speech, "--band", "wide"],
            ["asr", *speech, "--band", "phone", "--noise-snr", "15"],
            ["nlu", "--messages", str(messages / "labelled_segmented.csv"), "--text-columns", "tokens"],
            ["kb", "--questions", str(messages / "questions_with_replies.csv")],
            [
                "forecast",
                *("--messages", str(messages / "messages.csv")),
                *("--messages", str(messages / "questions_with_replies.csv")),
            ],
        ]
    else:
        print(
            "HOTLINE_BENCH_DATA names no folder: recognition, understanding and knowledge are left out",
            file=sys.stderr,
        )
    failed = 0
    for run in runs:
        print("==", *run, flush=True)
        failed += subprocess.run([sys.executable, "-m", "app", "bench", *run], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
