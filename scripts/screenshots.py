"""Takes the pictures of the user guide: `make screenshots`.

Runs the real window and engine on the sample photos, in a folder of its own that is thrown away. With `--look` it
takes every screen in three sizes, two themes and three languages instead, to be judged by eye.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from seamseg_studio.app.look.theme import ThemeChoice
from seamseg_studio.app.main_window import MainWindow
from seamseg_studio.app.panels.image_model import ImageOrder
from seamseg_studio.app.panels.segment_rows import Grouping
from seamseg_studio.app.settings import Settings
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.languages import speak

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 300
JPEG_QUALITY = 82
SHOWN = "000000303818.jpg"
PANELS = ("categories", "segments", "images", "history", "queue", "properties", "navigator", "log", "training")
WINDOW_SIZE = QSize(1366, 768)
LOOK_SIZES = (QSize(1024, 680), QSize(1366, 768), QSize(1920, 1080))
LOOK_REST_MS = 250
LANGUAGES = ("en", "de", "zh")
UNKNOWN_TO_ANOTHER = {"pavement": "road", "fence": "building", "truck or bus": "car"}
NUM_ACCEPTED, NUM_STEPS = 6, 7  # of the training in the picture
DAMAGED = "starter.zip: its weights is damaged; get the model again from its source"


class Photographer:
    """A studio with labelled sample photos, and where its pictures go."""

    def __init__(self, scratch: Path, out: Path, theme: ThemeChoice, language: str = "en") -> None:
        self.out = out
        self.rest_ms = 700
        application = QApplication.instance() or QApplication(["screenshots"])
        assert isinstance(application, QApplication)
        self.translators = speak(application, language)
        settings = Settings(scratch / "studio.ini")
        settings.change(theme=theme, language=language)
        self.studio = Studio(application, settings, device="cpu")
        self.window = MainWindow(self.studio)
        self.window.resize(WINDOW_SIZE)
        self.window.show()
        self.window.load_canvas()
        self.studio.engine.start()
        photos = scratch / "street"
        if not photos.exists():
            shutil.copytree(ROOT / "resources" / "samples" / "images", photos)
        self.studio.session.open_paths([photos])
        self.until(lambda: self.studio.session.document is not None)
        self.until(lambda: self.studio.engine.model is not None)
        self.studio.labelling.label_all()
        self.until(lambda: not self.studio.labelling.unlabelled() and self.studio.labelling.folder_job is None)
        self.hear_another_model()
        self.work()

    def hear_another_model(self) -> None:
        """Stores answers as of a model that knows fewer categories before the model's own: the queue lists both."""
        session = self.studio.session
        project = session.project
        assert project is not None
        for record in list(session.records):
            own = project.load_prediction(record.id)
            assert own is not None
            taxonomy, categories = project.taxonomy, own.categories.copy()
            for known, instead in UNKNOWN_TO_ANOTHER.items():
                categories[categories == taxonomy.index_of(known)] = taxonomy.index_of(instead)
            project.store_prediction(record.id, replace(own, categories=categories, fingerprint="another"), "another")
            project.store_prediction(record.id, own, self.studio.engine.model.name if self.studio.engine.model else "")
            session.refresh_record(record.id)

    def work(self) -> None:
        """Does a little of what people do, so that the pictures show it."""
        session = self.studio.session
        session.open_image(session.records[0].id)
        self.until(lambda: session.document is not None and session.document.record.id == session.records[0].id)
        session.accept()
        self.until(lambda: session.document is not None and session.document.record.id == session.records[1].id)
        session.flag("van or lorry?")
        shown = next(record.id for record in session.records if record.name == SHOWN)
        session.open_image(shown)
        self.until(lambda: session.document is not None and session.document.record.id == shown)
        document = session.document
        assert document is not None
        self.until(lambda: bool(document.map.segments))
        largest = sorted(document.map.segments, key=document.map.area, reverse=True)
        document.relabel(largest[-1:], document.map.segments[largest[0]].category)
        document.set_locked(largest[1:2], True)
        document.set_selection(largest[1:2])
        for card in list(self.window.cards.cards):
            self.window.cards.close_card(card)
        self.rest()

    def until(self, condition: Callable[[], object]) -> None:
        """Waits for something that comes by itself."""
        end_s = time.monotonic() + TIMEOUT_S
        while not condition():
            QApplication.processEvents()
            QTest.qWait(20)
            if time.monotonic() > end_s:
                raise SystemExit("screenshots: the window did not get ready within five minutes")

    def rest(self, wait_ms: int | None = None) -> None:
        """Lets everything be drawn."""
        QTest.qWait(self.rest_ms if wait_ms is None else wait_ms)

    def take(self, widget: QWidget, name: str) -> None:
        """Writes a picture: PNG for the bars of tools, which are few colours, else JPEG."""
        self.rest()
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / f"{name}.{'png' if name.startswith('tool-') else 'jpg'}"
        widget.grab().toImage().save(str(path), quality=-1 if path.suffix == ".png" else JPEG_QUALITY)
        print(path)

    def take_dialog(self, action: str, name: str) -> None:
        """Opens what an action opens, takes its picture and closes it."""
        self.window.actions_by_id.refresh()
        self.window.actions_by_id[action].trigger()
        dialog = self.dialog()
        self.take(dialog, name)
        dialog.reject()
        self.rest(100)

    def dialog(self) -> QDialog:
        """The dialog that is open."""
        self.until(lambda: any(found.isVisible() for found in self.window.findChildren(QDialog)))
        return next(found for found in self.window.findChildren(QDialog) if found.isVisible())

    def close(self) -> None:
        self.studio.close()
        self.window.deleteLater()
        for translator in self.translators:
            QApplication.instance().removeTranslator(translator)  # type: ignore[union-attr]


def take_guide(photographer: Photographer) -> None:
    """Every picture of the user guide."""
    window = photographer.window
    photographer.take(window, "window")
    for name in PANELS:
        window.show_panel(name)
        photographer.rest(200)
        if name == "queue":
            photographer.until(lambda: window.queue.view.model().rowCount() > 0)
        if name == "segments":
            window.segments.set_grouping(Grouping.CATEGORY)
        if name != "training":  # at the end: a training makes other pictures slow
            photographer.take(window.docks[name], f"panel-{name}")
        if name == "queue":
            take_models(photographer, "panel-models")
        if name not in ("categories", "segments", "images"):
            window.docks[name].hide()
    window.segments.set_grouping(Grouping.NONE)
    for name in window._tools:
        window.use_tool(name)
        photographer.take(window.option_bar, f"tool-{name}")
    window.use_tool("select")
    for action, name in (
        ("export", "dialog-export"),
        ("edit_categories", "dialog-categories"),
        ("flag_note", "dialog-flag"),
        ("train", "dialog-train"),
        ("load_model", "dialog-models"),
        ("palette", "dialog-palette"),
        ("shortcuts", "dialog-keys"),
        ("preferences", "dialog-look"),
    ):
        photographer.take_dialog(action, name)
    photographer.studio.session.post_error("The model was not loaded", DAMAGED)
    photographer.take(window.cards.cards[0], "card-error")
    window.cards.close_card(window.cards.cards[0])
    window.help.show_guide("user-guide/tools.md#painting")
    assert window.help.guide is not None
    photographer.take(window.help.guide, "guide")
    window.help.guide.close()
    take_training(photographer)
    photographer.studio.session.close_project()
    photographer.take(window, "start")


def take_training(photographer: Photographer) -> None:
    """The panel beside a training on a few corrections, at its beginning; it is stopped then."""
    studio, window = photographer.studio, photographer.window
    session = studio.session
    for record in list(session.records)[:NUM_ACCEPTED]:
        session.open_image(record.id)
        photographer.until(lambda wanted=record.id: session.document and session.document.record.id == wanted)  # type: ignore[misc]
        document = session.document
        assert document is not None
        for known, instead in UNKNOWN_TO_ANOTHER.items():
            category = document.taxonomy.index_of(known)
            wrong = [number for number, segment in document.map.segments.items() if segment.category == category]
            document.relabel(wrong, document.taxonomy.index_of(instead))
        session.accept()
    steps: list[object] = []
    studio.train("pictured")
    process = studio.training
    assert process is not None
    process.stepped.connect(steps.append)
    photographer.until(lambda: len(steps) >= NUM_STEPS)
    photographer.take(window.docks["training"], "panel-training")
    process.cancel()
    photographer.until(lambda: studio.training is None)
    window.docks["training"].hide()
    for card in list(window.cards.cards):
        window.cards.close_card(card)


def take_models(photographer: Photographer, name: str) -> None:
    """The queue of images on which two models differ."""
    queue = photographer.window.queue
    queue.listed.action("models").trigger()
    photographer.until(lambda: queue.view.model().rowCount() > 0)
    photographer.take(photographer.window.docks["queue"], name)
    queue.listed.action("places").trigger()


def take_look(photographer: Photographer, stem: str) -> None:
    """Every screen of one theme and language: windows in all sizes, each dialog once."""
    window = photographer.window
    session = photographer.studio.session
    for size in LOOK_SIZES:
        window.resize(size)
        for name in ("brush", "thresholds", "refine"):
            window.use_tool(name)
            photographer.take(window, f"{stem}-{size.width()}-{name}")
        window.use_tool("select")
        session.post_error(QCoreApplication.translate("Studio", "The model was not loaded"), DAMAGED)
        photographer.studio.tour.start()
        photographer.take(window, f"{stem}-{size.width()}-cards")
        for card in list(window.cards.cards):
            window.cards.close_card(card)
        window.help.spotlight.hide()
    window.resize(WINDOW_SIZE)
    for name in PANELS:
        window.show_panel(name)
        if name == "queue":
            photographer.until(lambda: window.queue.view.model().rowCount() > 0)
        photographer.take(window.docks[name], f"{stem}-panel-{name}")
        if name == "queue":
            take_models(photographer, f"{stem}-panel-models")
        if name == "images":
            window.images.set_order(ImageOrder.UNCERTAINTY)
            photographer.take(window.docks[name], f"{stem}-panel-images-unsure")
            window.images.set_order(ImageOrder.ADDED)
        if name not in ("categories", "segments", "images"):
            window.docks[name].hide()
    for action in ("export", "edit_categories", "flag_note", "train", "load_model", "palette", "shortcuts", "about"):
        photographer.take_dialog(action, f"{stem}-{action}")
    dialog = window.show_preferences()
    for page in (dialog.look, dialog.engine, dialog.project):
        dialog.show_page(page)
        photographer.take(dialog, f"{stem}-preferences-{type(page).__name__}")
    dialog.reject()
    window.help.show_guide("user-guide/tools.md")
    assert window.help.guide is not None
    photographer.take(window.help.guide, f"{stem}-guide")
    window.help.guide.close()
    for name, menu in window.menus.items():
        if "/" not in name:
            menu.popup(window.mapToGlobal(window.rect().topLeft()))
            photographer.take(menu, f"{stem}-menu-{name.lower()}")
            menu.close()
    session.close_project()
    for size in LOOK_SIZES:
        window.resize(size)
        photographer.take(window, f"{stem}-{size.width()}-start")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="default: docs/user-guide, or build/screenshots with --look")
    parser.add_argument(
        "--look", action="store_true", help="every screen in three sizes, two themes and three languages"
    )
    parser.add_argument("--language", choices=LANGUAGES, help="with --look: this one only")
    parser.add_argument("--theme", choices=tuple(ThemeChoice)[1:], help="with --look: this one only")
    options = parser.parse_args()
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    with tempfile.TemporaryDirectory() as scratch:
        if not options.look:
            photographer = Photographer(Path(scratch), options.out or ROOT / "docs" / "user-guide", ThemeChoice.DARK)
            take_guide(photographer)
            photographer.close()
            return 0
        languages = (options.language,) if options.language else LANGUAGES
        themes = (ThemeChoice(options.theme),) if options.theme else (ThemeChoice.DARK, ThemeChoice.LIGHT)
        for language in languages:
            for theme in themes:
                out = options.out or ROOT / "build" / "screenshots"
                photographer = Photographer(Path(scratch), out, theme, language)
                photographer.rest_ms = LOOK_REST_MS
                take_look(photographer, f"{language}-{theme.value}")
                photographer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
