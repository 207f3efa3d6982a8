"""Trainings of the open project: started, found again, paused, and what becomes of their models."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from seamseg_studio.app.jobs.job import JobBoard
from seamseg_studio.app.jobs.trainer_process import TrainerProcess
from seamseg_studio.app.jobs.training_events import Outcome, command_line
from seamseg_studio.app.words.messages import Choice, Level, Message
from seamseg_studio.app.words.window_words import in_window_words

if TYPE_CHECKING:
    from seamseg_studio.app.project.session import Session

MODELS_FOLDER = "models"
COMPARISON = Path("compare", "index.json")
_FORMER = "former_models"  # setting of a project: what labelled before, the last one last
_MOST_FORMER = 20


class Trainings(QObject):
    """The one training that may run, and the models that came of them.

    Signals:
        started: The `TrainerProcess` that is about to start, or was found running.
        ended: No training is running any more.
        models_changed: Another model may be used, or gone back to.
        compare_requested: The index file of a comparison that the person wants to see.
    """

    started = Signal(object)
    ended = Signal()
    models_changed = Signal()
    compare_requested = Signal(Path)

    def __init__(self, session: Session, board: JobBoard, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._board = session, board
        self.running: TrainerProcess | None = None
        self.outcome: Outcome | None = None

    def new_name(self) -> str:
        """A name for the next model that no folder has yet."""
        project = self._session.project
        stem = project.folder.stem if project is not None else "model"
        return f"{stem}-{time.strftime('%Y%m%d-%H%M')}"

    def start(self, name: str, base: str | None, device: str, extra: tuple[str, ...] = ()) -> None:
        """Starts a training on the corrections of the open project."""
        project = self._session.project
        if project is None or project.read_only or self.running is not None:
            return
        out = project.folder / MODELS_FOLDER / name
        if out.exists():
            text = self.tr("{0} exists already. Give the model another name.").format(out)
            self._session.post_error(self.tr("The training did not start"), text)
            return
        arguments = command_line(project.folder, out, base, device, extra)
        self._follow(TrainerProcess(self.tr("Training"), arguments, self, out=out))

    def find(self) -> None:
        """Follows a training of the open project that a former window started, running or paused."""
        project = self._session.project
        if project is None or self.running is not None or project.read_only:
            return
        folder = project.folder / MODELS_FOLDER
        for out in sorted(folder.iterdir(), reverse=True) if folder.is_dir() else ():
            process = TrainerProcess.attached(self.tr("Training"), out, self)
            if process is not None:
                self._follow(process)
                return

    def stop(self) -> None:
        """Asks the trainer to stop."""
        if self.running is not None:
            self.running.cancel()

    @property
    def bundle(self) -> Path | None:
        """The model that was trained last."""
        return self.outcome.bundle if self.outcome is not None else None

    @property
    def comparison(self) -> Path | None:
        """The pictures that compare it with its base, if there are such."""
        if self.outcome is None:
            return None
        path = self.outcome.bundle.parent / COMPARISON
        return path if path.is_file() else None

    @property
    def can_go_back(self) -> bool:
        """Whether another model labelled this project before."""
        return bool(self._former())

    def remember(self, spec: str | None) -> None:
        """Keeps the model that labelled until now, to go back to."""
        project = self._session.project
        if project is not None and not project.read_only:
            project.set_setting(_FORMER, [*self._former(), spec or ""][-_MOST_FORMER:])
            self.models_changed.emit()

    def take_former(self) -> tuple[bool, str | None]:
        """Returns whether there is a model to go back to, and which (None is the starter); it is the last no more."""
        former = self._former()
        project = self._session.project
        if not former or project is None:
            return False, None
        project.set_setting(_FORMER, former[:-1])
        self.models_changed.emit()
        return True, former[-1] or None

    def close(self, *, leave: bool) -> None:
        """Ends the training, or lets it go on without a window."""
        if self.running is None:
            return
        if leave:
            self.running.leave()
        else:
            self.running.end_now()

    def _former(self) -> list[str]:
        project = self._session.project
        value = project.setting(_FORMER, []) if project is not None else []
        return [str(spec) for spec in value] if isinstance(value, list) else []

    def _follow(self, process: TrainerProcess) -> None:
        self.running, self.outcome = process, None
        process.failed.connect(self._on_process_failed)
        process.ended.connect(self._on_process_ended)
        self._board.add(process)
        self.started.emit(process)
        process.start()

    def _on_process_failed(self, text: str) -> None:
        self._session.post_error(self.tr("The training failed"), in_window_words(text))

    def _on_process_ended(self) -> None:
        if self.running is not None:
            self.outcome = self.running.outcome
        self.running = None
        self.models_changed.emit()
        self.ended.emit()

    def tell_outcome(self, use: Callable[[], None]) -> None:
        """Says what came out, and offers what can be done with it."""
        if self.outcome is None:
            return
        later = Choice(self.tr("Later"), lambda: None)
        index = self.comparison
        compare = (Choice(self.tr("Compare…"), lambda: self.compare_requested.emit(index)),) if index else ()
        if self.outcome.is_promoted:
            choices = (Choice(self.tr("Use the new model"), use), *compare, later)
            text = self.outcome.reason or self.tr("It learned from your corrections.")
            text += " " + self.tr("Use it for the next images?")
            self._session.post(Message(self.tr("The new model is ready"), text, Level.OFFER, choices, "training"))
            return
        choices = (*compare, Choice(self.tr("Use it all the same"), use), later)
        text = self.tr("It is kept, but not put to use: {0}.").format(self.outcome.reason)
        self._session.post(Message(self.tr("The new model is a candidate"), text, Level.OFFER, choices, "training"))
