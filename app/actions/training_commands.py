"""What menu entries do with trainings and models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from seamseg_studio.app.assistance.trainings import MODELS_FOLDER
from seamseg_studio.app.dialogs.compare import CompareDialog
from seamseg_studio.app.dialogs.load_model import LoadModelDialog
from seamseg_studio.app.dialogs.train import TrainDialog
from seamseg_studio.app.panels.chips import device_text
from seamseg_studio.engine.service.models import installed_models, trained_models

if TYPE_CHECKING:
    from seamseg_studio.app.main_window import MainWindow
    from seamseg_studio.app.studio import Studio


class TrainingCommands(QObject):
    """Commands of the menu Train."""

    def __init__(self, studio: Studio, window: MainWindow) -> None:
        super().__init__(window)
        self.studio = studio
        self.window = window

    def train(self) -> None:
        engine = self.studio.engine
        base = engine.model.name if engine.model is not None else engine.spec or self.tr("the starter model")
        name = self.studio.trainings.new_name()
        device = device_text(engine.state.device) or engine.state.device
        dialog = TrainDialog(self.studio.material, base, device, name, self.window)
        dialog.ordered.connect(self.studio.train)
        dialog.open()

    def stop_training(self) -> None:
        self.studio.stop_training()

    def use_trained_model(self) -> None:
        self.studio.use_trained_model()

    def go_back(self) -> None:
        self.studio.go_back()

    def compare_models(self) -> None:
        index = self.studio.trainings.comparison
        if index is not None:
            self.show_comparison(index)

    def show_comparison(self, index: Path) -> None:
        try:
            CompareDialog(index, self.studio.theme, self.window).open()
        except (OSError, ValueError) as error:
            self.studio.session.post_error(self.tr("The comparison cannot be shown"), str(error))

    def load_model(self) -> None:
        project = self.studio.session.project
        trained = trained_models([project.folder / MODELS_FOLDER] if project is not None else [])
        dialog = LoadModelDialog(installed_models(), trained, self.studio.engine.spec, self.window)
        dialog.chosen.connect(self.load_bundle)
        dialog.open()

    def load_bundle(self, path: Path | None) -> None:
        """Lets the engine label with the model at `path`; None is the starter."""
        self.studio.load_model(None if path is None else str(path))

    def load_starter(self) -> None:
        self.studio.load_model(None)

    def restart_engine(self) -> None:
        self.studio.engine.restart()
