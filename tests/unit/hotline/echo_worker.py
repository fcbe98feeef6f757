"""A worker for the tests: it does what the job's header says."""

from __future__ import annotations

import itertools
import os
import sys
import threading

from hotline.worker_side import WorkerSide


def main() -> None:  # noqa: C901 -- one case per thing a worker may do
    side = WorkerSide()
    if sys.argv[1:] == ["refuse"]:
        side.refuse("模型文件损坏", file="model.bin")
        return
    print("prints must not break the frames")
    side.ready()
    hold = threading.Event()
    kept: list[bytearray] = []
    turns = itertools.count()

    def work(header: dict, body: bytes) -> tuple[dict, bytes]:
        match header["do"]:
            case "echo":
                return {"said": header.get("word", ""), "turn": next(turns)}, body
            case "die":
                os._exit(1)
            case "fail":
                raise ValueError(header["word"])
            case "hang":
                hold.wait()
            case "pid":
                return {"pid": os.getpid()}, b""
            case "wait":
                hold.wait(header["seconds"])
                return {"waited": header["seconds"]}, b""
            case "grow":
                kept.append(bytearray(b"x") * (header["mb"] * 2**20))
        return {}, b""

    if sys.argv[1:] == ["stream"]:
        for header, _ in side.jobs():
            count = 0
            while not side.is_dropped(header) and count < header["count"]:
                side.reply(header, {"part": count}, last=False)
                count += 1
                if header.get("slowly"):
                    hold.wait(0.01)
            side.reply(header, {"part": count})
    side.serve(work, lanes=2)


main()
