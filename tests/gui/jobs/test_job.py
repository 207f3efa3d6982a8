"""Jobs report, fail in a sentence, stop when asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from seamseg_studio.app.jobs.job import JobBoard, JobCancelled, JobContext, Progress, sentence_of
from seamseg_studio.engine.errors import SeamsegError


@pytest.fixture
def board(qtbot: QtBot) -> Iterator[JobBoard]:
    board = JobBoard()
    yield board
    board.close()


def test_result_comes_on_the_windows_thread(board: JobBoard, qtbot: QtBot) -> None:
    threads: list[threading.Thread] = []

    def work(context: JobContext) -> int:
        threads.append(threading.current_thread())
        context.report(1, 2, "half")
        return 7

    results: list[tuple[int, threading.Thread]] = []
    job = board.run("Counting", work, on_done=lambda result: results.append((result, threading.current_thread())))
    assert board.jobs == (job,)
    with qtbot.waitSignals([job.succeeded, job.progressed, board.changed]):
        pass
    assert results == [(7, threading.main_thread())]
    assert threads[0] is not threading.main_thread()
    assert job.progress == Progress(1, 2, "half")
    assert board.jobs == ()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SeamsegError("cat.jpg: damaged; get it again"), "cat.jpg: damaged; get it again"),
        (PermissionError(13, "Permission denied", "/a/b.png"), "Permission denied: /a/b.png"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_failure_is_one_sentence(board: JobBoard, qtbot: QtBot, error: Exception, sentence: str) -> None:
    def work(context: JobContext) -> None:
        raise error

    heard: list[str] = []
    job = board.run("Failing", work, on_failed=heard.append)
    with qtbot.waitSignal(job.ended):
        pass
    assert heard == [sentence]


def test_cancel_stops_at_the_next_report(board: JobBoard, qtbot: QtBot) -> None:
    cancelled, order = threading.Event(), []

    def work(context: JobContext) -> None:
        assert cancelled.wait(10)
        try:
            context.report(1, 10)
        except JobCancelled:
            order.append("stopped")
            raise
        order.append("went on")

    job = board.run("Long", work)
    with qtbot.waitSignal(job.cancelled):
        job.cancel()
        cancelled.set()
    assert order == ["stopped"]


def test_close_cancels_hidden_jobs_too(qtbot: QtBot) -> None:
    board = JobBoard()
    started = threading.Event()

    def work(context: JobContext) -> None:
        started.set()
        while True:
            context.report(0, 0)

    board.run("", work, visible=False)
    assert started.wait(10)
    board.close()


def test_sentence_of_an_error_without_a_file() -> None:
    assert sentence_of(OSError(28, "No space left on device")) == "No space left on device"
