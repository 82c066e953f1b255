"""The threads of a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from azext_flexcompare.scheduler.workers import Workers

PATIENCE = 20.0  # seconds after which a test that hangs fails


@pytest.fixture
def workers() -> Iterator[Workers[str]]:
    with Workers[str](2) as workers:
        yield workers


def collected(workers: Workers[str]) -> dict[str, object]:
    """Collect until nothing is busy."""
    found: dict[str, object] = {}
    while workers.busy:
        before = len(found)
        found |= dict(workers.collect(PATIENCE))
        assert len(found) > before
    return found


def test_each_piece_of_work_returns_under_its_key(workers: Workers[str]) -> None:
    workers.submit("one", lambda: 1)
    workers.submit("two", lambda: 2)
    assert collected(workers) == {"one": 1, "two": 2}


@pytest.mark.parametrize("exception", [ValueError("no"), SystemExit(1), KeyboardInterrupt()])
def test_an_exception_is_returned_and_ends_no_thread(workers: Workers[str], exception: BaseException) -> None:
    def fail() -> None:
        raise exception

    for _ in range(2):
        workers.submit("bad", fail)
        assert collected(workers) == {"bad": exception}
    workers.submit("good", lambda: 1)
    assert collected(workers) == {"good": 1}


def test_a_key_is_busy_until_it_is_collected(workers: Workers[str]) -> None:
    workers.submit("one", lambda: 1)
    assert (workers.busy, workers.free) == ({"one"}, 1)
    collected(workers)
    assert (workers.busy, workers.free) == (set(), 2)


def test_collecting_ends_at_the_timeout_where_nothing_returned(workers: Workers[str]) -> None:
    ready = threading.Event()
    workers.submit("slow", lambda: ready.wait(PATIENCE))
    assert list(workers.collect(0.0)) == []
    assert workers.busy == {"slow"}
    ready.set()
    assert collected(workers) == {"slow": True}


def test_as_many_pieces_run_at_once_as_there_are_threads(workers: Workers[str]) -> None:
    together = threading.Barrier(2, timeout=PATIENCE)
    for key in ("one", "two"):
        workers.submit(key, together.wait)
    assert sorted(map(str, collected(workers).values())) == ["0", "1"]


def test_the_threads_end_with_the_context() -> None:
    before = set(threading.enumerate())
    with Workers[str](3):
        threads = set(threading.enumerate()) - before
        assert len(threads) == 3
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
