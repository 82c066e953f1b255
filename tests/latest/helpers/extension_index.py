"""A wheel offered to `az extension`, as the index of extensions offers it."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tools.index import write_index
from tools.wheel import ROOT, build_wheel, copy_sources

UNPROXIED = {"NO_PROXY": "127.0.0.1"}


class Folder(SimpleHTTPRequestHandler):
    """A folder of the web that tells nobody who comes."""

    def log_message(self, *_: object) -> None:
        return


def of_version(version: str, into: Path) -> Path:
    """Build the wheel as it would be with another version."""
    with tempfile.TemporaryDirectory() as sources:
        copy_sources(ROOT, Path(sources))
        setup = Path(sources, "setup.py")
        setup.write_text(re.sub(r'(?m)^VERSION = ".*"$', f'VERSION = "{version}"', setup.read_text("utf-8")))
        return build_wheel(into, Path(sources))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback; yields its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Folder, directory=folder)) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@contextmanager
def offered(wheel: Path) -> Iterator[dict[str, str]]:
    """Serve a wheel, and an index that has it, on loopback; yields the environment in which `az` asks that index."""
    with served(wheel.parent) as url:
        write_index(wheel.parent, url)
        yield {"AZURE_EXTENSION_INDEX_URL": f"{url}/index.json", **UNPROXIED}
