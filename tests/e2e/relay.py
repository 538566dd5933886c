"""A relay before the embedded exchange that keeps every request as sent, and answers some in other words."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit


class Relay:
    """Use it as a context manager. instead: part of a path -> status and body that answer it."""

    def __init__(self, target: str, instead: Mapping[str, tuple[int, str]] | None = None) -> None:
        self.seen: list[str] = []
        relay, host = self, urlsplit(target).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                words = f"{self.requestline}\n{self.headers}\n{sent.decode(errors='replace')}"
                relay.seen.append(words)
                other = [answer for part, answer in (instead or {}).items() if part in self.path]
                if other:
                    status, body = other[0][0], other[0][1].encode()
                else:
                    connection = HTTPConnection(host)
                    connection.request(self.command, self.path, sent or None)
                    answer = connection.getresponse()
                    status, body = answer.status, answer.read()
                    connection.close()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = pass_on  # noqa: N815 the names that http.server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Relay:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
