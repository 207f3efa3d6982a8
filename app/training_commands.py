"""What menu entries do with trainings and models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from seamseg_studio.app.dialogs.compare import CompareDialog
from seamseg_studio.app.dialogs.paths import ask_folder
from seamseg_studio.app.dialogs.train import TrainDialog

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
        dialog = TrainDialog(self.studio.material, base, engine.state.device, name, self.window)
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
        ask_folder(self.window, self.tr("Choose a model (a folder)"), lambda path: self.load_bundle(path))

    def load_bundle(self, path: Path) -> None:
        self.studio.load_model(str(path))

    def load_starter(self) -> None:
        self.studio.load_model(None)

    def restart_engine(self) -> None:
        self.studio.engine.restart()
