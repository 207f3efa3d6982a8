"""Labelling many images asks for a few at a time, and after its end neither asks nor stores."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from seamseg_studio.app.jobs.engine_jobs import EngineJobs
from seamseg_studio.app.jobs.label_folder import LabelFolderJob, Outcome
from seamseg_studio.engine.project import ImageRecord
from seamseg_studio.engine.service.protocol import EngineKind


class HeldAnswer(QObject):
    """An answer that comes when the test says so."""

    succeeded = Signal(object, str)
    failed = Signal(str)
    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def succeed(self) -> None:
        self.succeeded.emit("result", "starter")
        self.ended.emit()


class HeldEngine:
    """Gives held answers, and keeps them."""

    def __init__(self) -> None:
        self.answers: list[HeldAnswer] = []
        self.state = SimpleNamespace(kind=EngineKind.READY)

    def predict(self, path: Path, *, in_background: bool) -> HeldAnswer:
        assert in_background
        self.answers.append(HeldAnswer())
        return self.answers[-1]


class Labelling:
    """A run over `num` images that stores at once."""

    def __init__(self, num: int) -> None:
        self.engine = HeldEngine()
        self.stored: list[int] = []
        self.endings: list[str] = []
        records = [SimpleNamespace(id=i, name=f"{i}.jpg", path=Path(f"{i}.jpg")) for i in range(num)]
        self.job = LabelFolderJob(
            "Labelling", cast(EngineJobs, self.engine), cast(list[ImageRecord], records), self._store
        )
        for name in ("succeeded", "failed", "cancelled"):
            getattr(self.job, name).connect(lambda *_, name=name: self.endings.append(name))
        self.job.start()

    def _store(self, record: ImageRecord, result: object, bundle: str, on_stored: Any) -> None:
        assert (result, bundle) == ("result", "starter")
        self.stored.append(record.id)
        on_stored("")


@pytest.fixture
def labelling(qtbot: QtBot) -> Labelling:
    return Labelling(6)


def test_a_few_at_a_time_until_all_are_stored(labelling: Labelling) -> None:
    outcomes: list[Outcome] = []
    labelling.job.succeeded.connect(outcomes.append)
    assert len(labelling.engine.answers) == 4
    for done in range(6):
        labelling.engine.answers[done].succeed()
    assert labelling.stored == [0, 1, 2, 3, 4, 5]
    assert outcomes == [Outcome(6, ())]
    assert not any(answer.is_cancelled for answer in labelling.engine.answers)


def test_cancelling_takes_back_what_was_asked_and_asks_nothing_more(labelling: Labelling) -> None:
    labelling.engine.answers[0].succeed()
    labelling.job.cancel()
    assert [answer.is_cancelled for answer in labelling.engine.answers] == [False, True, True, True, True]
    labelling.engine.answers[1].ended.emit()
    assert len(labelling.engine.answers) == 5
    assert labelling.endings == ["cancelled"]


def test_an_answer_on_its_way_when_cancelled_is_not_stored(labelling: Labelling) -> None:
    labelling.engine.answers[0].succeed()
    labelling.job.cancel()
    labelling.engine.answers[1].succeed()
    assert labelling.stored == [0]
    assert labelling.job.progress.done == 1
    assert labelling.endings == ["cancelled"]
