"""A wheel offered to `az extension`, as the index of extensions offers it."""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tools.release import index_entry, read_wheel
from tools.wheel import ROOT, build_wheel, copy_sources


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
def offered(wheel: Path) -> Iterator[dict[str, str]]:
    """Serve a wheel, and an index that has it, on loopback; yields the environment in which `az` asks that index."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Folder, directory=wheel.parent)) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        read = read_wheel(wheel)
        index = {"formatVersion": "1", "extensions": {read.name: [index_entry(read, url)]}}
        (wheel.parent / "index.json").write_text(json.dumps(index))
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield {"AZURE_EXTENSION_INDEX_URL": f"{url}/index.json", "NO_PROXY": "127.0.0.1"}
        finally:
            server.shutdown()
            serving.join()
