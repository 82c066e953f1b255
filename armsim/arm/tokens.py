"""Bearer tokens: issue, check and expiry."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.clock import stamp
from armsim.identifiers import TENANT, guid

if TYPE_CHECKING:
    from datetime import datetime


class TokenIssuer:
    """Issues JSON web tokens and recognises them; the key is new for every simulator.

    Azure signs with RS256, which no client of ARM verifies; HS256 needs nothing but the standard library.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._known: dict[str, tuple[int, str]] = {}

    def issue(self, audience: str, now: datetime, lifetime: int, client: str = "") -> str:
        """Return a token for an audience, valid for `lifetime` seconds from now; each client is a principal."""
        issued = int(now.timestamp())
        expiry = issued + lifetime
        principal = guid("principal", client) if client else guid("principal")
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "iat": issued,
            "nbf": issued,
            "exp": expiry,
            "appid": guid("application"),
            "oid": principal,
            "tid": TENANT,
            "jti": secrets.token_hex(8),
        }
        signed = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
        token = f"{signed}.{self._signature(signed)}"
        self._known[token] = expiry, principal
        return token

    def check(self, authorization: str | None, now: datetime) -> str:
        """Return the principal of an Authorization header; raise ARM's 401 unless its token is ours and not expired."""
        if not authorization:
            message = "Authentication failed. The 'Authorization' header is missing."
            raise _unauthorized("AuthenticationFailed", message)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            message = "Authentication failed. The 'Authorization' header is provided in an invalid format."
            raise _unauthorized("AuthenticationFailedInvalidHeader", message)
        expiry, principal = self._known.get(token, (None, ""))
        if expiry is None:
            raise _unauthorized("InvalidAuthenticationToken", "The access token is invalid.")
        if now.timestamp() >= expiry:
            message = f"The access token has expired; the current UTC time is '{stamp(now)}'."
            raise _unauthorized("ExpiredAuthenticationToken", message)
        return principal

    def expire(self) -> None:
        """Expire every token that was issued until now."""
        self._known = {token: (0, principal) for token, (_, principal) in self._known.items()}

    def _signature(self, signed: str) -> str:
        digest = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def challenge_of(message: str) -> dict[str, str]:
    """Return the header with which a 401 asks for a better token."""
    challenge = (
        f'Bearer authorization_uri="https://login.windows.net/{TENANT}", '
        f'error="invalid_token", error_description="{message}"'
    )
    return {"WWW-Authenticate": challenge}


def _unauthorized(code: str, message: str) -> ArmError:
    return ArmError(401, code, message, headers=challenge_of(message))
