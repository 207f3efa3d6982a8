"""What menu entries do with the selected segments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from seamseg_studio.app.editing.document import Document
    from seamseg_studio.engine.scene.patch import Patch
    from seamseg_studio.engine.scene.policy import EditingPolicy
    from seamseg_studio.engine.scene.transfer import CopiedSegment

STEP_PX = 1  # that a key grows or shrinks by
SMOOTH_PX = 2.0  # the reach of smoothing by key


class SegmentCommands(QObject):
    """Commands about the selection of the open document; each is one undo step.

    Signals:
        copied_changed: There is something to paste that was not, or something else.
    """

    copied_changed = Signal()

    def __init__(self, document: Callable[[], Document], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._copied: tuple[CopiedSegment, ...] = ()

    @property
    def has_copy(self) -> bool:
        """Whether there is something to paste."""
        return bool(self._copied)

    def toggle_crowd(self) -> None:
        """Marks the selection as crowds, or no longer so if all of it is."""
        document, ids = self._document(), self._ids()
        document.set_crowd(ids, not all(document.map.segments[i].is_crowd for i in ids))

    def convert(self) -> None:
        """Makes the current category of the selection: of a thing, an instance of each unconnected part."""
        document = self._document()
        if document.taxonomy.is_thing(document.current_category):
            document.to_instances(self._ids(), document.current_category)
        else:
            document.relabel(self._ids(), document.current_category)

    def split_components(self) -> None:
        self._document().split_components(self._ids())

    def fill_holes(self) -> None:
        self._document().fill_holes(self._ids())

    def grow(self, radius_px: float) -> None:
        """Grows the selected segment; a negative radius shrinks it."""
        self._document().grow(self._ids()[0], radius_px)

    def smooth(self) -> None:
        self._document().smooth(self._ids(), SMOOTH_PX)

    def copy(self) -> None:
        """Keeps the selected segments for pasting here or into another image."""
        from seamseg_studio.engine.scene.transfer import copied  # only now: it brings numpy

        self._copied = copied(self._document().map, self._ids())
        self.copied_changed.emit()

    def paste(self) -> None:
        """Puts the copied segments where they lay, as far as the policy allows, and selects the new ones."""
        document, segments = self._document(), self._copied
        make = partial(_paste, document, segments)
        num_pixels = max((segment.box.area for segment in segments), default=0)
        document.edit(make, num_pixels=num_pixels, then=partial(_select_new, document))

    def clear_area(self) -> None:
        """Lets edits change the whole image again."""
        self._document().change_policy(region=None)

    def _ids(self) -> list[int]:
        return sorted(self._document().selection)


def _paste(document: Document, segments: tuple[CopiedSegment, ...], policy: EditingPolicy) -> Patch:
    from seamseg_studio.engine.scene.transfer import paste

    noun = document.taxonomy[segments[0].record.category].name if len(segments) == 1 else f"{len(segments)} segments"
    return paste(document.map, segments, policy, f"paste {noun}")


def _select_new(document: Document, patch: Patch) -> None:
    new = [i for i, record in patch.segments_before.items() if record is None]
    if new:
        document.set_selection(new)
