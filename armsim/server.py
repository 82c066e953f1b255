"""HTTPS server of the simulator."""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from socket import SHUT_RD, socket
from typing import TYPE_CHECKING, Any

from armsim.messages import Response, read_request
from armsim.traffic import Meter

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from armsim.messages import Request


def _free_port() -> int:
    """Return a free port: a socket that is bound to any port forgets it when it stops listening."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server(ThreadingHTTPServer):
    """A TLS server on the loopback interface; one thread a connection.

    The handshake happens in the connection's own thread: in the accepting one, a client that connects and says
    nothing would stall all others.
    """

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", port or _free_port()), _Connection)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.connections = count(1)
        self.meter = Meter()
        self.refuses: Callable[[], bool] = lambda: False
        self._listening = True
        self.answer: Callable[[Request], Response | None] = lambda request: Response(503)  # noqa: ARG005

    @property
    def url(self) -> str:
        """The address that clients use."""
        return f"https://localhost:{self.server_port}"

    def service_actions(self) -> None:
        """Stop or resume listening, as the faults want it."""
        if self.refuses() == self._listening:
            self._listening = not self._listening
            if self._listening:
                self.socket.listen(self.request_queue_size)
            else:
                self.socket.shutdown(SHUT_RD)

    def get_request(self) -> Any:
        """Return the next connection; a socket that does not listen is not tried too often."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(0.01)
            raise

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
        request = read_request(self.command, self.path, headers, content, connection=self._number)
        response = self.server.answer(request)
        if response is None:
            self.close_connection = True
        else:
            self._send(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _exchange  # noqa: N815

    def _send(self, response: Response) -> None:
        bare = response.status in {204, 304}
        content = b"" if bare else response.content()
        length = response.headers.get("Content-Length", str(len(content)))
        self.send_response_only(response.status)
        self.send_header("Server", self.version_string())
        if "Date" not in response.headers:
            self.send_header("Date", self.date_time_string())
        for name, value in response.headers.items():
            if name != "Content-Length":
                self.send_header(name, value)
        if content and "Content-Type" not in response.headers:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if not bare:
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.close_connection or length != str(len(content))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the standard library calls
        """Ignore the message: the service keeps the log."""
