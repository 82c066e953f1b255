"""The transport of every request: the connections of requests, without what its sessions do for each request."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter

from azext_flexcompare.arm.policies import is_heard
from azext_flexcompare.arm.rate_limits import CONNECTIONS

HTTPS, URLLIB3 = "https://", "urllib3.connectionpool"


class KeptPools(HTTPAdapter):
    """The connections of requests, whose pool for a host is looked up once, with the certificates on the disk."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=CONNECTIONS)
        if not is_heard(logging.getLogger(URLLIB3)):
            logging.getLogger(URLLIB3).setLevel(logging.INFO)  # a record of each request, which nobody would see
        self._pools: dict[tuple[str, ...], Any] = {}

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        """Return the pool of connections for a request."""
        key = (*urlsplit(request.url)[:2], str(verify), str(proxies), str(cert))
        pool = self._pools.get(key)
        if pool is None or pool.pool is None:  # a pool that is closed has no connections
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            super().cert_verify(pool, request.url, verify, cert)
            self._pools[key] = pool
        return pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the pool has its certificates."""

    def build_response(self, req: Any, resp: Any) -> Response:
        """Return an answer, without the cookies of a browser."""
        answer = Response()
        answer.status_code, answer.reason, answer.raw = resp.status, resp.reason, resp
        answer.headers, answer.encoding = resp.headers, "utf-8"
        answer.url, answer.request = req.url, req
        return answer


class DirectSession(Session):
    """A session that sends a request as azure-core prepared it.

    Proxies and certificates of the environment are looked up once for each host. Neither cookies nor the passwords of
    a `.netrc` file are added: a request to Azure Resource Manager has the token alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mount(HTTPS, KeptPools())
        self._found: dict[tuple[Any, ...], dict[str, Any]] = {}

    def request(self, method: Any, url: Any, **options: Any) -> Response:
        """Send a request and return its answer, read whole unless it is to be streamed."""
        body, stream = options.get("data"), options.get("stream", False)
        if options.get("files") or not (body is None or isinstance(body, (str, bytes))) or not url.startswith(HTTPS):
            return super().request(method, url, **options)
        request = PreparedRequest()
        request.method, request.hooks = method, {}
        request.headers = {**self.headers, **(options.get("headers") or {})}
        if url.isascii() and url.isprintable() and " " not in url:
            request.url = url  # that of an operation is signed, and stays as it is
        else:
            request.prepare_url(url, None)
        request.body = body.encode() if isinstance(body, str) else body
        request.prepare_content_length(request.body)
        settings = self._settings(request.url or url, options)
        answer = self.adapters[HTTPS].send(request, stream=stream, timeout=options.get("timeout"), **settings)
        if not stream:
            answer.content  # noqa: B018  (it is read here, where azure-core expects a connection to break)
        return answer

    def _settings(self, url: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return the proxies and certificates for a host."""
        proxies, verify, cert = options.get("proxies"), options.get("verify"), options.get("cert")
        key = (urlsplit(url).netloc, verify, str(cert), str(proxies))
        if key not in self._found:
            found = self.merge_environment_settings(url, proxies or {}, False, verify, cert)
            self._found[key] = {name: found[name] for name in ("proxies", "verify", "cert")}
        return self._found[key]
