"""Dagster's web page and daemon on 127.0.0.1, with their storage in the home: `make dev`, or under systemd.

`dagster dev` starts a web server, a daemon, servers for our code and a process a run. They make one process
group here, which ends as a whole: `dagster dev` alone leaves some of them behind when it is told to end, and
does not hear SIGTERM at all where a shell started it in the background. Words after the command are its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

from pipeline.engine import dagster_home
from pipeline.settings import Settings

STOP_SECONDS = 30.0


def main() -> int:
    """Run until SIGINT or SIGTERM; returns the exit code of `dagster dev`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    settings = Settings.from_environment()
    settings.prepare()
    words = ["-m", "dagster", "dev", "--module-name", "pipeline.definitions", "--host", "127.0.0.1"]
    with dagster_home(settings.dagster):
        process = subprocess.Popen([sys.executable, *words, *sys.argv[1:]], start_new_session=True)  # noqa: S603
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            return 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
