"""The embedded exchange as an HTTP server on 127.0.0.1: /HOST/path is answered as HOST would answer it.

The first segment of a path is the venue's own host, so that a client is redirected by putting
http://127.0.0.1:PORT/ in place of https://. Control is under /_control/. Run it as
`python -m pipeline.replay.server FOLDER`: it prints its address as one line of JSON and ends when its
standard input closes, so that it never outlives the process that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import socket
import struct
import sys
import threading
import zlib
from collections import Counter
from datetime import datetime
from pathlib import Path

import orjson
from aiohttp import web

from pipeline.clock import from_milliseconds, milliseconds
from pipeline.errors import HistoryInvalid
from pipeline.replay.faults import DAMAGE_KINDS, Fault, Misbehaviour, damage, renamed, worded
from pipeline.replay.history import read_history
from pipeline.replay.limits import RateLimits
from pipeline.replay.wire import wires
from pipeline.replay.wire.base import Json, Refusal, Request, Wire, WireError
from pipeline.replay.world import World

ADDRESS = "127.0.0.1"
CONTROL = "_control"
HELD_SECONDS = 3600.0  # how long a time-out holds the connection unless the fault says
DRIP_SECONDS = 0.2  # between two bytes of a slow body
_JSON = {"Content-Type": "application/json"}


def _bomb(mebibytes: int) -> bytes:
    """A gzip body of a kilobyte a mebibyte, which is as small as it can be: one packed block, many times."""
    packer = zlib.compressobj(9, wbits=31)
    start = packer.compress(b'["') + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"A" * 1024**2) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + mebibytes * block


_NONSENSE: dict[str, tuple[bytes, dict[str, str]]] = {
    "wrong_content_type": (
        b"<html><head><title>Just a moment...</title></head><body></body></html>",
        {"Content-Type": "text/html"},
    ),
    "garbage_json": (b'{"data": [1, 2, ', _JSON),
    "garbage_gzip": (b"\x1f\x8b\x08 and nothing that was ever packed", {**_JSON, "Content-Encoding": "gzip"}),
    "gzip_bomb": (_bomb(mebibytes=1024), {**_JSON, "Content-Encoding": "gzip"}),
    "large_body": (b'["' + 10_000_000 * b"A" + b'"]', _JSON),
}


class Exchange:
    """All venues of one history at one virtual instant."""

    def __init__(self, folder: Path, has_limits: bool = False) -> None:
        """Read and check the folder; raises HistoryInvalid."""
        self.world = World(read_history(folder))
        self.now_ms = self.world.last_ms
        self.misbehaviour = Misbehaviour()
        self._first_page: dict[object, Request] = {}
        self.requests: Counter[tuple[str, str]] = Counter()
        self._limits = RateLimits() if has_limits else None
        self._wires = {host: wire for wire in wires().values() for host in wire.hosts}
        for wire in wires().values():
            wire.check(self.world)

    async def handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request, of a venue or of the control endpoints."""
        host, _, path = incoming.path.lstrip("/").partition("/")
        if host == CONTROL:
            return await self._control(incoming, path)
        wire = self._wires.get(host)
        if wire is None:
            message = f"the replay does not speak for {host}: it knows {', '.join(sorted(self._wires))}"
            return _reply(404, {"error": message})
        sent = await incoming.read() if incoming.can_read_body else b""
        try:
            body = orjson.loads(sent) if sent else {}
        except orjson.JSONDecodeError:
            body = {}
        asked = Request(host, f"/{path}", incoming.query, body if isinstance(body, dict) else {})
        self.requests[wire.name, " ".join(filter(None, [asked.path, str(asked.body.get("type", ""))]))] += 1
        if self._limits is not None and (refused := self._limits.refuses(wire, asked.path)) is not None:
            return _refuse(wire.refuse(*refused, self.now_ms))
        fault = self.misbehaviour.strikes(wire.name, f"{incoming.path_qs} {sent.decode(errors='replace')}")
        if fault is None:
            return self._answer(wire, asked)
        return await self._misbehave(incoming, wire, asked, fault)

    def _answer(self, wire: Wire, asked: Request, fault: Fault | None = None) -> web.Response:
        try:
            answer = wire.answer(asked, self.world, self.now_ms)
        except WireError as error:
            return _reply(error.status, error.body)
        if fault is None:
            return _reply(200, answer)
        return web.Response(body=worded(damage(answer, fault)), content_type="application/json")

    async def _misbehave(
        self, incoming: web.BaseRequest, wire: Wire, asked: Request, fault: Fault
    ) -> web.StreamResponse:
        if fault.kind == "renamed":
            query, body = renamed([dict(asked.query), asked.body], fault.new, fault.old)
            asked = Request(asked.host, asked.path, query, body)
        if fault.kind in DAMAGE_KINDS:
            return self._answer(wire, asked, fault)
        if fault.kind == "repeated_page":
            return self._answer(wire, self._first_page.setdefault(_subject(asked), asked))
        if fault.kind == "status":
            return _refuse(wire.refuse(fault.status, fault.seconds, self.now_ms))
        if fault.kind in _NONSENSE:
            body, headers = _NONSENSE[fault.kind]
            return web.Response(body=body, headers=headers)
        if fault.kind == "latency":
            await asyncio.sleep(fault.seconds)
            return self._answer(wire, asked)
        if fault.kind == "timeout":
            await asyncio.sleep(fault.seconds or HELD_SECONDS)
        if fault.kind in {"cut_body", "slow_body"}:
            whole = self._answer(wire, asked).body
            half = whole[: len(whole) // 2] if isinstance(whole, bytes) else b""
            cut = web.StreamResponse(headers={"Content-Type": "application/json"})
            cut.content_length = 2 * len(half) + 2
            await cut.prepare(incoming)
            if fault.kind == "cut_body":
                await cut.write(half)
            for place in range(len(half) if fault.kind == "slow_body" else 0):
                await cut.write(half[place : place + 1])
                await asyncio.sleep(fault.seconds or DRIP_SECONDS)
        _reset(incoming)
        raise asyncio.CancelledError  # the connection is gone: there is nobody left to answer

    async def _control(self, incoming: web.BaseRequest, path: str) -> web.Response:
        sent = await incoming.read()
        try:
            return self._controlled(f"{incoming.method} {path}", orjson.loads(sent) if sent else None)
        except (ValueError, KeyError, TypeError) as problem:
            return _reply(400, {"error": f"/{CONTROL}/{path} cannot read what was sent: {problem}"})

    def _controlled(self, action: str, body: Json) -> web.Response:
        if action == "POST now":
            instant = datetime.fromisoformat(body["instant"])
            if instant.tzinfo is None:
                message = f"the instant {body['instant']} has no timezone"
                raise ValueError(message)
            self.now_ms = milliseconds(instant)
        elif action == "POST faults":
            self.misbehaviour.set([Fault.from_json(values) for values in body])
            self._first_page.clear()
        elif action == "DELETE faults":
            self.misbehaviour.set([])
        elif action == "GET stats":
            rows = [{"venue": v, "endpoint": e, "requests": n} for (v, e), n in sorted(self.requests.items())]
            return _reply(200, rows)
        elif action == "GET held":
            return _reply(200, sorted(self.world.history.held()))
        elif action != "GET now":
            return _reply(404, {"error": f"/{CONTROL}/ has no {action}"})
        return _reply(200, {"instant": from_milliseconds(self.now_ms).isoformat()})


def _subject(asked: Request) -> object:
    """What a question is about, whichever page of it is asked for: cursors and times are left out."""
    sent = {**asked.query, **asked.body}
    words = {key: text for key, text in sent.items() if key != "cursor" and not str(text).isdecimal()}
    return (asked.path, *sorted((key, str(text)) for key, text in words.items()))


def _reply(status: int, body: Json) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def _refuse(refusal: Refusal) -> web.Response:
    if isinstance(refusal.body, str):
        is_page = refusal.body.startswith("<")
        kind = "text/html" if is_page else "text/plain"
        return web.Response(
            text=refusal.body, status=refusal.status, content_type=kind, headers=refusal.headers
        )
    response = _reply(refusal.status, refusal.body)
    response.headers.update(refusal.headers)
    return response


def _reset(incoming: web.BaseRequest) -> None:
    """Close the connection without the usual farewell, so that the client sees a reset."""
    if incoming.transport is None:
        return
    connection = incoming.transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    incoming.transport.abort()


async def serve(folder: Path, port: int, has_limits: bool) -> None:
    """Serve until standard input closes; the address goes to standard output when it listens."""
    exchange = Exchange(folder, has_limits)
    runner = web.ServerRunner(web.Server(exchange.handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, ADDRESS, port, shutdown_timeout=0.2)
    await site.start()
    bound = runner.addresses[0][1]
    sys.stdout.write(orjson.dumps({"address": f"http://{ADDRESS}:{bound}"}).decode() + "\n")
    sys.stdout.flush()
    try:
        await _standard_input_closed()
    finally:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(runner.cleanup(), 2.0)


async def _standard_input_closed() -> None:
    """Wait for the end of standard input: a pipe, a terminal or a file alike, hence the thread."""
    loop, closed = asyncio.get_running_loop(), asyncio.Event()

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        with contextlib.suppress(RuntimeError):  # the loop may have ended first
            loop.call_soon_threadsafe(closed.set)

    threading.Thread(target=watch, daemon=True).start()
    await closed.wait()


def main() -> int:
    """Command line of the server's own process; an invalid folder is one line of JSON and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.replay.server", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--limits", action="store_true")
    options = parser.parse_args()
    # the history stays as loaded and answers hold few cycles: the collector need not look often
    gc.set_threshold(100_000, 50, 50)
    try:
        asyncio.run(serve(options.folder, options.port, options.limits))
    except HistoryInvalid as problem:
        sys.stdout.write(orjson.dumps({"error": str(problem)}).decode() + "\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
