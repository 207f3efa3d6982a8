"""What the entries of the menu View do: where one looks and how things are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seamseg_studio.app.actions.focus_ring import step_focus, stops_of
from seamseg_studio.app.actions.training_commands import TrainingCommands
from seamseg_studio.app.look.theme import MAX_SCALE, MIN_SCALE, ThemeChoice

if TYPE_CHECKING:
    from seamseg_studio.app.canvas import Canvas
    from seamseg_studio.app.editing.document import Document

_SCALE_STEP = 0.1


class ViewCommands(TrainingCommands):
    """Commands of the menu View; each is called only while its conditions hold."""

    @property
    def document(self) -> Document:
        document = self.studio.session.document
        assert document is not None
        return document

    @property
    def canvas(self) -> Canvas:
        canvas = self.window.canvas
        assert canvas is not None
        return canvas

    def fit(self) -> None:
        self.canvas.fit()

    def zoom_100(self) -> None:
        self.canvas.zoom_100()

    def zoom_in(self) -> None:
        self.canvas.zoom_in()

    def zoom_out(self) -> None:
        self.canvas.zoom_out()

    def set_mode(self, mode: str) -> None:
        from seamseg_studio.app.canvas import OverlayMode

        self.canvas.set_overlay_mode(OverlayMode(mode))

    def toggle_category_hidden(self) -> None:
        """Hides all segments of the current category, or shows them again."""
        self.toggle_hidden_of_category(self.document.current_category)

    def toggle_hidden_of_category(self, category: int) -> None:
        """Hides all segments of a category, or shows them again."""
        if self.window.canvas is not None:
            self.canvas.set_hidden_categories(self.canvas.hidden_categories ^ {category})

    def toggle_category_protected(self) -> None:
        """Locks all segments of the current category against every edit, in all images, or unlocks them."""
        self.toggle_lock_of_category(self.document.current_category)

    def toggle_lock_of_category(self, category: int) -> None:
        """Locks all segments of a category against every edit, in all images, or unlocks them."""
        if self.studio.session.document is not None:
            self.document.change_policy(protected_categories=self.document.policy.protected_categories ^ {category})

    def is_category_protected(self) -> bool:
        document = self.studio.session.document
        return document is not None and document.current_category in document.policy.protected_categories

    def is_category_hidden(self) -> bool:
        canvas, document = self.window.canvas, self.studio.session.document
        return canvas is not None and document is not None and document.current_category in canvas.hidden_categories

    def set_theme(self, choice: ThemeChoice) -> None:
        self.studio.change_preferences(theme=choice)

    def change_scale(self, steps: int) -> None:
        scale = self.studio.theme.scale + steps * _SCALE_STEP if steps else 1.0
        self.studio.change_preferences(font_scale=min(MAX_SCALE, max(MIN_SCALE, round(scale, 2))))

    def step_panel(self, offset: int) -> None:
        """Takes the keyboard to the next panel, or the one before."""
        step_focus(stops_of(self.window.stack, list(self.window.docks.values())), offset)

    def toggle_full_screen(self) -> None:
        self.window.setWindowState(self.window.windowState() ^ self.window.full_screen_state)

    def reset_layout(self) -> None:
        self.window.reset_layout()
