"""The window: docks, bars and menus, joined to the session. No logic of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QCursor, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QStackedWidget

from seamseg_studio.app.actions.commands import Commands
from seamseg_studio.app.actions.menus import ActionSet
from seamseg_studio.app.actions.segment_actions import TOOLS
from seamseg_studio.app.dialogs.category_popup import CategoryPopup
from seamseg_studio.app.dialogs.palette import CommandPalette
from seamseg_studio.app.dialogs.preferences import PreferencesDialog
from seamseg_studio.app.help.desk import HelpDesk
from seamseg_studio.app.look.icons import window_icon
from seamseg_studio.app.panels.categories import CategoriesPanel
from seamseg_studio.app.panels.chips import Chips
from seamseg_studio.app.panels.history import HistoryPanel
from seamseg_studio.app.panels.images import ImagesPanel
from seamseg_studio.app.panels.log import LogPanel
from seamseg_studio.app.panels.message_cards import MessageCards
from seamseg_studio.app.panels.navigator import NavigatorPanel
from seamseg_studio.app.panels.option_bar import OptionBar
from seamseg_studio.app.panels.panel import dock_of
from seamseg_studio.app.panels.properties import PropertiesPanel
from seamseg_studio.app.panels.queue import QueuePanel
from seamseg_studio.app.panels.segments import SegmentsPanel
from seamseg_studio.app.panels.start_page import StartPage
from seamseg_studio.app.panels.status_bar import StatusBar
from seamseg_studio.app.panels.tool_box import ToolBox
from seamseg_studio.app.panels.training import TrainingPanel
from seamseg_studio.app.studio import Studio
from seamseg_studio.app.words.languages import tool_text
from seamseg_studio.app.words.messages import Message
from seamseg_studio.app.words.plain_text import PlainLabel
from seamseg_studio.app.words.sentences import spoken

if TYPE_CHECKING:
    from seamseg_studio.app.canvas import Canvas
    from seamseg_studio.app.tools import Tool

_RIGHT_WIDTH = 340
_TOOL_ACTIONS = tuple(f"tool_{name}" for name, *_ in TOOLS)
_IMAGE_ACTIONS = ("delete", "merge", "undo", "redo")
_LABEL_ACTIONS = ("label_image", "label_all")


class MainWindow(QMainWindow):
    """Everything that a person sees.

    Signals:
        painted: The window was painted for the first time.
    """

    painted = Signal()
    full_screen_state = Qt.WindowState.WindowFullScreen

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._is_painted = False
        self.canvas: Canvas | None = None
        self._tools: dict[str, Tool] = {}
        session = studio.session
        self.setWindowTitle(self.tr("Seamseg Studio"))
        self.setWindowIcon(window_icon())
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.resize(1440, 860)

        self.start_page = StartPage()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start_page)
        self.setCentralWidget(self.stack)
        self.cards = MessageCards(studio.icons, self.stack)
        self.categories = CategoriesPanel(session, studio.theme)
        self.segments = SegmentsPanel(session, studio.theme)
        self.images = ImagesPanel(session, studio.theme, studio.thumbnails)
        self.history = HistoryPanel(session, studio.theme)
        self.queue = QueuePanel(session, studio.theme)
        self.training = TrainingPanel(studio.theme)
        self.properties = PropertiesPanel(session)
        self.navigator = NavigatorPanel()
        self.log = LogPanel()
        self.docks: dict[str, QDockWidget] = {}
        self._add_docks()

        self.commands = Commands(studio, self)
        self.actions_by_id = ActionSet(self.commands, studio.icons, self)
        self.menus = self.actions_by_id.fill(self.menuBar())
        self._add_menus()
        self.actions_by_id["accept"].setIconText(self.tr("Accept"))
        self.option_bar = OptionBar(self)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self.option_bar)
        self.tool_box = self._make_tool_box()
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.tool_box)
        self.images.set_actions(
            [self.actions_by_id[name] for name in ("previous_image", "next_image", "flag", "accept")]
        )
        self.segments.set_actions(
            [self.actions_by_id[name] for name in ("search_category", "lock", "hide", "crowd", "merge", "delete")]
        )
        self.status = StatusBar(studio.board, studio.icons, self)
        self.setStatusBar(self.status)
        self.help = HelpDesk(studio, self)
        self._first_layout = self.saveState()
        self._join()

    # Parts

    def _add_docks(self) -> None:
        area = Qt.DockWidgetArea.RightDockWidgetArea
        asked_for = (self.history, self.queue, self.properties, self.navigator, self.training, self.log)
        for panel in (self.categories, self.segments, self.images, *asked_for):
            self.docks[panel.objectName()] = dock_of(panel)
            self.addDockWidget(area, self.docks[panel.objectName()])
        for panel in asked_for:
            self.tabifyDockWidget(self.docks["segments"], self.docks[panel.objectName()])
            self.docks[panel.objectName()].hide()
        shown = [self.docks[name] for name in ("categories", "segments", "images")]
        self.resizeDocks(shown, [260, 260, 300], Qt.Orientation.Vertical)
        self.resizeDocks(shown, [_RIGHT_WIDTH] * 3, Qt.Orientation.Horizontal)

    def _make_tool_box(self) -> ToolBox:
        groups = (_TOOL_ACTIONS, _IMAGE_ACTIONS, _LABEL_ACTIONS)
        return ToolBox([[self.actions_by_id[name] for name in group] for group in groups], self)

    def _add_menus(self) -> None:
        bar = self.menuBar()
        bar.setNativeMenuBar(False)
        brand = PlainLabel(self.tr("Seamseg Studio"), self)
        brand.setObjectName("brand")
        bar.setCornerWidget(brand, Qt.Corner.TopLeftCorner)
        self.chips = Chips(self._studio, bar)
        bar.setCornerWidget(self.chips, Qt.Corner.TopRightCorner)
        by_id = self.actions_by_id
        self.chips.set_actions(
            [by_id[name] for name in ("open_folder", "open_project", "export", "close_project")],
            [by_id[name] for name in ("load_model", "load_starter", "use_trained_model", "train")],
            [by_id[name] for name in ("label_image", "label_all", "restart_engine")],
        )
        panels = self.menus["View"].addMenu(self.tr("&Panels"))
        for dock in self.docks.values():
            panels.addAction(dock.toggleViewAction())
        self._recent_menu = QMenu(self.tr("Open &recent"), self)
        self.menus["File"].insertMenu(self.actions_by_id["open_sample"], self._recent_menu)
        self._recent_menu.aboutToShow.connect(self._fill_recent_menu)

    def _fill_recent_menu(self) -> None:
        self._recent_menu.clear()
        for folder in self._studio.settings.recent_projects:
            action = self._recent_menu.addAction(f"{folder.stem}   {folder.parent}")
            action.triggered.connect(lambda _=False, folder=folder: self._studio.session.open_project(folder))
        if self._recent_menu.isEmpty():
            self._recent_menu.addAction(self.tr("nothing opened yet")).setEnabled(False)

    def _join(self) -> None:
        studio, session, commands = self._studio, self._studio.session, self.commands
        session.project_changed.connect(self._on_session_project_changed)
        session.document_changed.connect(self._on_session_document_changed)
        session.message_posted.connect(self.cards.show_message)
        session.message_posted.connect(self.log.add_message)
        session.saved.connect(self.status.saved.setText)
        self.start_page.folder_requested.connect(commands.open_folder)
        self.start_page.images_requested.connect(commands.open_images)
        self.start_page.sample_requested.connect(commands.open_sample)
        self.start_page.project_requested.connect(session.open_project)
        self.start_page.set_recent(studio.settings.recent_projects)
        self.categories.relabel_requested.connect(commands.relabel)
        self.categories.hide_requested.connect(commands.toggle_hidden_of_category)
        self.categories.lock_requested.connect(commands.toggle_lock_of_category)
        self.categories.edit_requested.connect(commands.edit_categories)
        self.categories.focus_released.connect(self.focus_canvas)
        self.segments.lock_requested.connect(commands.toggle_lock_of)
        self.segments.hide_requested.connect(commands.toggle_hidden_of)
        self.queue.place_requested.connect(commands.show_place)
        self.segments.focus_requested.connect(commands.show_segment)
        self.training.start_requested.connect(self.actions_by_id["train"].trigger)
        self.training.use_requested.connect(studio.promote)
        self.training.compare_requested.connect(commands.compare_models)
        self.training.go_back_requested.connect(commands.go_back)
        studio.trainings.models_changed.connect(self._on_trainings_models_changed)
        studio.session.project_changed.connect(self._on_trainings_models_changed)
        self._on_studio_preferences_changed()
        studio.preferences_changed.connect(self._on_studio_preferences_changed)
        studio.work_timer.ticked.connect(self._on_work_timer_ticked)
        studio.training_started.connect(self._on_studio_training_started)

    # The canvas comes after the first paint: it brings numpy, OpenCV and pyqtgraph

    def load_canvas(self) -> None:
        """Makes the canvas and the tools; harmless when repeated."""
        if self.canvas is not None:
            return
        from seamseg_studio.app.canvas import Canvas
        from seamseg_studio.app.tools import AskModel, Thresholds, make_tools

        self.canvas = Canvas(self)
        self._tools = make_tools()
        for tool in self._tools.values():
            tool.setParent(self)
            if isinstance(tool, AskModel):
                tool.ask = self._studio.labelling.prompt
            elif isinstance(tool, Thresholds):
                tool.ask = self._studio.labelling.fuse_again
                tool.model_area = self._studio.labelling.min_stuff_area
        self.help.explain(self.canvas, "canvas")
        self.help.explain_tools(self._tools)
        self.stack.addWidget(self.canvas)
        self.stack.setFocusProxy(self.canvas)
        self.cards.raise_()
        self.canvas.tool_changed.connect(self._on_canvas_tool_changed)
        self._studio.neighbours.offered.connect(self._on_neighbours_offered)
        self.canvas.tool_hint_changed.connect(lambda hint: self.status.hint.setText(spoken(tool_text(hint))))
        self.canvas.cursor_moved.connect(self._studio.work_timer.touch)
        self.navigator.set_canvas(self.canvas)
        self.canvas.cursor_moved.connect(self._on_canvas_cursor_moved)
        self.canvas.cursor_left.connect(self.status.pointer.clear)
        self.canvas.display_changed.connect(self._on_canvas_display_changed)
        self._studio.theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.use_tool("select")
        self._on_session_document_changed()

    @property
    def tool_name(self) -> str:
        """The name of the tool in use; empty before there is a canvas."""
        return self.canvas.active_tool.name if self.canvas is not None else ""

    def use_tool(self, name: str) -> None:
        """Takes the tool called `name`."""
        if self.canvas is not None:
            self.canvas.set_tool(self._tools[name])

    def focus_canvas(self) -> None:
        """Gives the keyboard to the canvas."""
        if self.canvas is not None:
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_theme_changed(self) -> None:
        if self.canvas is not None:
            self.canvas.set_ground(self._studio.theme.tones.color("canvas"))

    def _on_canvas_tool_changed(self, tool: Tool) -> None:
        self.option_bar.set_tool(tool)
        self.commands.conditions_changed.emit()

    def _on_neighbours_offered(self) -> None:
        neighbours, canvas = self._studio.neighbours, self.canvas
        if canvas is not None and canvas.active_tool.busy and neighbours.offer is not None:
            neighbours.drop()
        elif canvas is not None:
            canvas.set_offer(neighbours.offer)
            canvas.tool_hint_changed.emit(neighbours.told or canvas.active_tool.hint)

    def _on_canvas_display_changed(self) -> None:
        if self.canvas is not None:
            self.categories.set_hidden(self.canvas.hidden_categories)
        self.commands.conditions_changed.emit()

    def _on_canvas_cursor_moved(self, y: int, x: int, segment_id: int) -> None:
        document = self._studio.session.document
        if document is not None:
            self.status.show_pointer(document, y, x, segment_id)

    # The session

    def _on_session_project_changed(self) -> None:
        project = self._studio.session.project
        name = self.tr("Seamseg Studio")
        self.setWindowTitle(f"{project.folder.stem} – {name}" if project is not None else name)
        self.start_page.set_recent(self._studio.settings.recent_projects)

    def _on_session_document_changed(self) -> None:
        session = self._studio.session
        document = session.document
        if document is not None:
            self.load_canvas()
        if self.canvas is not None:
            self.canvas.set_document(document)
            if session.preview is not None:
                record = session.preview.record
                self.canvas.show_preview(session.preview.pixels, (record.height, record.width))
            self.segments.set_hidden(self.canvas.hidden_segments)
        self.option_bar.set_document(document)
        saved = document.saved_text or self.tr("saves by itself") if document is not None else ""
        self.status.saved.setText(saved)
        # What is about to come is waited for on the canvas: the start page would only flash up.
        has_image = document is not None or session.wanted_image is not None
        self.status.hint.setVisible(has_image)  # a tool waits for nothing where there is no image
        shown = self.canvas if has_image and self.canvas is not None else self.start_page
        if shown is not self.stack.currentWidget():
            self.stack.setCurrentWidget(shown)
            self.cards.raise_()
            if document is not None:
                self.focus_canvas()

    def _on_work_timer_ticked(self) -> None:
        timer = self._studio.work_timer
        self.status.time.setVisible(self._studio.session.document is not None)
        self.status.show_time(timer.seconds, timer.seconds_left)

    def _on_studio_training_started(self, process: object) -> None:
        self.training.show_process(process)  # type: ignore[arg-type]
        self.show_panel("training")

    def _on_trainings_models_changed(self) -> None:
        trainings = self._studio.trainings
        self.training.show_models(can_compare=trainings.comparison is not None, can_go_back=trainings.can_go_back)

    # Layout

    def show_panel(self, name: str) -> None:
        """Brings the dock of a panel to the front."""
        self.docks[name].show()
        self.docks[name].raise_()

    def reset_layout(self) -> None:
        """Puts every dock and bar where it was at first."""
        self._studio.settings.forget_layout()
        self.restoreState(self._first_layout)

    def restore_layout(self) -> None:
        """Puts the window where it was left."""
        layout = self._studio.settings.layout()
        if layout is not None:
            self.restoreGeometry(layout[0])
            self.restoreState(layout[1])

    # Dialogs

    def show_message(self, message: Message) -> None:
        """Shows a message in the corner of the canvas."""
        self.cards.show_message(message)

    def show_palette(self) -> None:
        """Opens the command palette over the upper middle of the window."""
        panels = {name: dock.toggleViewAction() for name, dock in self.docks.items()}
        palette = CommandPalette(self.actions_by_id.actions, panels, self._studio.theme, self)
        palette.move(self.mapToGlobal(self.rect().center()) - palette.rect().center())
        palette.show()

    def show_category_popup(self) -> None:
        """Opens the categories at the pointer, or in the middle if it is not over the window."""
        popup = CategoryPopup(self.categories.model, self._studio.theme, self)
        popup.chosen.connect(self.commands.use_category)
        pointer = QCursor.pos()
        inside = self.geometry().contains(pointer)
        popup.move(pointer if inside else self.mapToGlobal(self.rect().center()) - popup.rect().center())
        popup.show()

    def show_shortcuts(self) -> None:
        """Opens the list of keys."""
        dialog = self.show_preferences()
        dialog.show_page(dialog.keys)

    def show_preferences(self) -> PreferencesDialog:
        """Opens the preferences."""
        dialog = PreferencesDialog(self._studio.preferences, self._studio.theme, self)
        dialog.changed.connect(self._studio.set_preferences)
        dialog.open()
        return dialog

    def _on_studio_preferences_changed(self) -> None:
        self.actions_by_id.set_keymap(self._studio.preferences.keymap)

    # Qt's events

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self._studio.session.open_paths(paths)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            self.painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._studio.agrees_to_close(self.close):
            event.ignore()
            return
        self._studio.settings.save_layout(self.saveGeometry(), self.saveState())
        event.accept()
        super().closeEvent(event)
