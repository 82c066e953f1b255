"""TLS certificate of the simulator and the authority that clients must trust."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path


def issue_certificate(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Return the TLS side of a server for localhost, and the file of the new authority that vouches for it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    ca_file = directory / "armsim-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return context, ca_file
