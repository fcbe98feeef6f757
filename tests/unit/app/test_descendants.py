from __future__ import annotations

import os
import subprocess
import time

import psutil

from app.descendants import descendants
from bench.soak import Burden, burden


def test_a_child_that_has_ended_and_was_not_waited_for_is_passed_over() -> None:
    ended, alive = subprocess.Popen(["true"]), subprocess.Popen(["sleep", "60"])
    try:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
        for _ in range(500):  # what was just started may have no command for a moment
            if psutil.Process(alive.pid).cmdline() == ["sleep", "60"]:
                break
            time.sleep(0.01)

        found = {process.pid: words for process, words in descendants()}

        assert found.get(alive.pid) == ["sleep", "60"]
        assert ended.pid not in found
        assert burden([psutil.Process(ended.pid)]) == Burden(0, 0, 0)
        assert burden([psutil.Process(ended.pid), psutil.Process(alive.pid)]).threads == 1
    finally:
        alive.kill()
        alive.wait()
        ended.wait()
