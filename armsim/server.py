"""HTTPS server of the simulator."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING, Any

from armsim.messages import Response, read_request
from armsim.traffic import Meter

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from armsim.messages import Request


class Server(ThreadingHTTPServer):
    """A TLS server on the loopback interface; one thread a connection.

    The handshake happens in the connection's own thread: in the accepting one, a client that connects and says
    nothing would stall all others.
    """

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.connections = count(1)
        self.meter = Meter()
        self.answer: Callable[[Request], Response | None] = lambda request: Response(503)  # noqa: ARG005

    @property
    def url(self) -> str:
        """The address that clients use."""
        return f"https://localhost:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that went away or do not trust the certificate; report anything else."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    """One keep-alive connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    server: Server

    def setup(self) -> None:
        super().setup()
        self._number = next(self.server.connections)
        self.server.meter.connect(self._number)

    def _exchange(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        content = self.rfile.read(int(headers.get("content-length", 0)))
        request = read_request(self.command, self.path, headers, content, self._number)
        response = self.server.answer(request)
        if response is None:
            self.close_connection = True
        else:
            self._send(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _exchange  # noqa: N815

    def _send(self, response: Response) -> None:
        content = b"" if response.status == 204 else response.content()
        self.send_response_only(response.status)
        self.send_header("Server", self.version_string())
        if "Date" not in response.headers:
            self.send_header("Date", self.date_time_string())
        for name, value in response.headers.items():
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if response.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the standard library calls
        """Ignore the message: the service keeps the log."""
