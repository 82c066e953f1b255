"""The threads that make requests, each request a piece of work with a key of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Generic, TypeVar

K = TypeVar("K")


class Workers(Generic[K]):
    """A number of threads, as a context manager; work that has not returned when it ends is abandoned."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.busy: set[K] = set()  # the keys of work that has not been collected
        self._todo: queue.SimpleQueue[tuple[K, Callable[[], object]] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[K, object]] = queue.SimpleQueue()

    def __enter__(self) -> Workers[K]:
        """Start the threads."""
        for _ in range(self.count):
            threading.Thread(target=self._work, daemon=True).start()  # daemon: an interrupted run need not wait
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        """End each thread as soon as it has nothing to do."""
        for _ in range(self.count):
            self._todo.put(None)

    @property
    def free(self) -> int:
        """Return how many threads have nothing to do."""
        return self.count - len(self.busy)

    def submit(self, key: K, act: Callable[[], object]) -> None:
        """Add a piece of work; its key must not be busy."""
        self.busy.add(key)
        self._todo.put((key, act))

    def collect(self, timeout: float) -> Iterator[tuple[K, object]]:
        """Wait for work that has returned; list the key and the return value, or the exception, of each piece."""
        with suppress(queue.Empty):
            key, answer = self._done.get(timeout=timeout)
            while True:
                self.busy.discard(key)
                yield key, answer
                key, answer = self._done.get_nowait()

    def _work(self) -> None:
        while (work := self._todo.get()) is not None:
            key, act = work
            try:
                answer = act()
            except BaseException as exception:  # noqa: BLE001  (the one boundary where exceptions become outcomes)
                answer = exception
            self._done.put((key, answer))
