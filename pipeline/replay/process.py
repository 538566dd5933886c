"""Starts the embedded exchange as a process of its own and talks to its control endpoints.

How requests of venues are answered belongs in `server.py`. The process dies with this one: it watches its
standard input, which the operating system closes whatever happens here.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from pipeline.errors import HistoryInvalid, MarginDebtError, UsageError
from pipeline.replay.faults import Fault
from pipeline.replay.wire.base import Json

STOP_SECONDS = 5.0
CONTROL_SECONDS = 30.0
_PROJECT = Path(__file__).resolve().parents[2]


class ReplayServer:
    """A running embedded exchange; use it as a context manager. `address` is http://127.0.0.1:PORT."""

    def __init__(self, folder: Path, port: int = 0, has_limits: bool = False) -> None:
        self._folder = folder.resolve()
        self._port = port
        self._has_limits = has_limits
        self.address = ""

    def __enter__(self) -> Self:
        """Start the process and wait until it listens; raises HistoryInvalid with the folder's fault."""
        command = [
            sys.executable,
            "-m",
            "pipeline.replay.server",
            str(self._folder),
            "--port",
            str(self._port),
        ]
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [*command, *(["--limits"] if self._has_limits else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_PROJECT,
        )
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        answer = json.loads(line) if line.strip() else {}
        if "address" not in answer:
            self._stop()
            if "error" in answer:
                raise HistoryInvalid(answer["error"])
            message = f"the embedded exchange on {self._folder} did not start: its message is above"
            raise MarginDebtError(message)
        self.address = answer["address"]
        parts = urlsplit(self.address)
        self._connection = http.client.HTTPConnection(
            str(parts.hostname), parts.port, timeout=CONTROL_SECONDS
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._stop()

    def set_now(self, instant: datetime) -> None:
        """Move the virtual instant; it must carry a timezone."""
        self._ask("POST", "now", {"instant": instant.isoformat()})

    def now(self) -> datetime:
        """The virtual instant: until it is set, the last one the folder knows."""
        return datetime.fromisoformat(self._ask("GET", "now")["instant"])

    def set_faults(self, faults: list[Fault]) -> None:
        """Replace the faults in force."""
        self._ask("POST", "faults", [fault.to_json() for fault in faults])

    def clear_faults(self) -> None:
        """Behave again."""
        self._ask("DELETE", "faults")

    def stats(self) -> dict[str, dict[str, int]]:
        """Requests answered since the start, by venue and endpoint."""
        counted: dict[str, dict[str, int]] = {}
        for row in self._ask("GET", "stats"):
            counted.setdefault(row["venue"], {})[row["endpoint"]] = row["requests"]
        return counted

    def _ask(self, method: str, path: str, body: Json = None) -> Json:
        """One control request over the kept connection, opened again if the server had dropped it."""
        sent = None if body is None else json.dumps(body)
        for is_last in (False, True):
            try:
                self._connection.request(method, f"/_control/{path}", sent)
                response = self._connection.getresponse()
                answer = json.loads(response.read())
            except (http.client.HTTPException, ConnectionError):
                self._connection.close()
                if is_last:
                    raise
                continue
            if response.status != 200:
                raise MarginDebtError(f"the embedded exchange refused {method} {path}: {answer['error']}")
            return answer
        raise AssertionError

    def _stop(self) -> None:
        """Close its standard input, which ends it; kill it if it does not."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def remote_now(address: str) -> datetime:
    """The virtual instant of an embedded exchange that somebody else started.

    Raises UsageError when nothing answers there.
    """
    return datetime.fromisoformat(_remote(address, "now")["instant"])


def remote_held(address: str) -> frozenset[tuple[str, str]]:
    """The venues and tables that its history knows anything of. Raises UsageError as `remote_now`."""
    return frozenset((str(venue), str(table)) for venue, table in _remote(address, "held"))


def _remote(address: str, what: str) -> Json:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=CONTROL_SECONDS)
    try:
        connection.request("GET", f"/_control/{what}")
        response = connection.getresponse()
        if response.status != HTTPStatus.OK:
            message = f"HTTP {response.status}"
            raise ValueError(message)
        return json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as problem:
        message = f"no embedded exchange answers at {address}: start one with `margin-debt replay DIR`"
        raise UsageError(message) from problem
    finally:
        connection.close()
