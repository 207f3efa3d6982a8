"""Where the window's help comes from: opens the guide at the right place, and says what every part is for."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWhatsThis, QWidget

from seamseg_studio.app.help.about import AboutDialog
from seamseg_studio.app.help.diagnostics import UNKNOWN, report
from seamseg_studio.app.help.guide import TROUBLESHOOTING
from seamseg_studio.app.help.ops import ask_ops
from seamseg_studio.app.help.spotlight import Spotlight
from seamseg_studio.app.help.topics import place_of, words_about
from seamseg_studio.app.words.languages import tool_text
from seamseg_studio.app.words.messages import Message

if TYPE_CHECKING:
    from seamseg_studio.app.help.viewer import GuideWindow
    from seamseg_studio.app.main_window import MainWindow
    from seamseg_studio.app.studio import Studio
    from seamseg_studio.app.tools import Tool

_MAX_MESSAGES = 20


class HelpDesk(QObject):
    """Help for one window."""

    def __init__(self, studio: Studio, window: MainWindow) -> None:
        super().__init__(window)
        self._studio = studio
        self._window = window
        self._messages: deque[str] = deque(maxlen=_MAX_MESSAGES)
        self._ops = ""
        self.guide: GuideWindow | None = None
        self.about: AboutDialog | None = None
        studio.session.message_posted.connect(self._on_session_message_posted)
        window.cards.help_requested.connect(self.show_topic)
        parts: dict[str, QWidget] = {
            **{name: dock.widget() for name, dock in window.docks.items()},
            "option_bar": window.option_bar,
            "tool_box": window.tool_box,
            "chips": window.chips,
            "status": window.status,
            "start": window.start_page,
        }
        self._parts: dict[str, QWidget] = {}
        for name, part in parts.items():
            self.explain(part, name)
        self.spotlight = Spotlight(studio.theme, window)
        studio.tour.part_shown.connect(self._on_tour_part_shown)

    def explain(self, part: QWidget, name: str) -> None:
        """Lets a part of the window say what it is for (Shift+F1) and where the guide speaks of it (F1)."""
        self._parts[name] = part
        part.setProperty("topic", name)
        further = self.tr("F1 opens the guide at this place.")
        part.setWhatsThis(f"{words_about(name)}\n\n{further}")

    def explain_tools(self, tools: Mapping[str, Tool]) -> None:
        """Lets the tools' buttons and menu entries say how each is used."""
        for name, tool in tools.items():
            action = self._window.actions_by_id[f"tool_{name}"]
            action.setProperty("explained", True)
            action.setWhatsThis(f"{tool_text(tool.title)}\n\n{tool_text(tool.hint)}")

    # The guide

    def show_guide(self, place: str) -> None:
        """Opens the guide at a page, or a heading of it."""
        from seamseg_studio.app.help.viewer import GuideWindow  # it brings Qt's text engine, which the start needs not

        if self.guide is None:
            self.guide = GuideWindow(self._studio.icons, self._window)
        self.guide.show()
        self.guide.raise_()
        self.guide.activateWindow()
        self.guide.show_place(place)

    def show_here(self) -> None:
        """Opens the guide at what it says about the part of the window that has the keyboard."""
        self.show_guide(place_of(QApplication.focusWidget(), self._window.tool_name))

    def show_topic(self, topic: str) -> None:
        """Opens the entry of the troubleshooting page called `topic`."""
        self.show_guide(f"{TROUBLESHOOTING}#{topic}")

    def ask_what(self) -> None:
        """Lets the next click say what is under it."""
        QWhatsThis.enterWhatsThisMode()

    # About

    def show_about(self) -> None:
        """Opens what the program is, and finds out which ops are in use."""
        if self.about is not None:
            self.about.raise_()
            return
        self.about = AboutDialog(self._window)
        self.about.finished.connect(self._on_about_finished)
        self.about.show_report(self.report(), self._ops)
        self.about.show()
        if not self._ops:
            self._studio.board.run(self.tr("Asking which ops are in use"), ask_ops, on_done=self._on_ops, visible=False)

    def report(self) -> str:
        """The text that a report about a fault needs."""
        studio = self._studio
        state, model, preferences = studio.engine.state, studio.engine.model, studio.preferences
        facts = [
            ("engine", f"{state.kind.value}, {state.device}"),
            ("model", f"{model.name}, {model.num_parameters:,} parameters" if model is not None else UNKNOWN),
            ("ops", self._ops or UNKNOWN),
            ("images", str(len(studio.session.records))),
            ("language, theme", f"{preferences.language or 'system'}, {preferences.theme.value}"),
            ("text size", f"{preferences.font_scale:g}"),
        ]
        return report(facts, list(self._messages))

    def _on_tour_part_shown(self, name: str) -> None:
        self.spotlight.show_part(self._parts.get(name))

    def _on_ops(self, said: str) -> None:
        self._ops = said
        if self.about is not None:
            self.about.show_report(self.report(), said)

    def _on_about_finished(self) -> None:
        self.about = None

    def _on_session_message_posted(self, message: Message) -> None:
        # Texts and some titles name images; the topic alone says what went wrong without them.
        self._messages.append(f"{message.level.value}  {message.topic or message.key or UNKNOWN}")
