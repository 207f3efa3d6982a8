"""What is known of the open image and of the selected segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QScrollArea, QWidget

from seamseg_studio.app.jobs.label_folder import duration_text
from seamseg_studio.app.panels.fields import muted
from seamseg_studio.app.panels.panel import Panel
from seamseg_studio.app.panels.segment_rows import share_text
from seamseg_studio.app.project.session import Session
from seamseg_studio.app.words.plain_text import PlainLabel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seamseg_studio.app.editing.document import Document
    from seamseg_studio.engine.project import ImageRecord

_REFRESH_MS = 150
Facts = list[tuple[str, str]]


class PropertiesPanel(Panel):
    """Names and values; read anew only while it is seen."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("properties", "", parent)
        self.title = self.tr("Properties")
        self.setAccessibleName(self.title)
        self.bar.heading.setText(self.title.upper())
        self._session = session
        self._body = QWidget(self)
        self._form = QFormLayout(self._body)
        self._form.setContentsMargins(12, 2, 12, 8)
        self._form.setSpacing(6)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setAccessibleName(self.title)
        area.setWidget(self._body)
        self.column.addWidget(area, 1)
        self.setFocusProxy(area)
        self._origins = {
            "model": self.tr("the model"),
            "human": self.tr("you"),
            "imported": self.tr("a file"),
        }
        self._exif_names = {
            "make": self.tr("Maker"),
            "model": self.tr("Camera"),
            "taken": self.tr("Taken"),
            "exposure_s": self.tr("Exposure, s"),
            "f_number": self.tr("Aperture"),
            "iso": self.tr("ISO"),
            "focal_length_mm": self.tr("Focal length, mm"),
        }
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        session.document_changed.connect(self._on_session_document_changed)
        session.image_changed.connect(self._start_timer)
        self.refresh()

    def facts(self) -> Facts:
        """What is shown: names and values, a line without a value being a heading."""
        document = self._session.document
        if document is None:
            return []
        record = self._session.record(document.record.id) or document.record
        facts = [(self.tr("Image"), ""), *self._image_facts(document, record)]
        if document.selection:
            facts += [(self.tr("Selection"), ""), *self._selection_facts(document)]
        return facts

    def refresh(self) -> None:
        """Reads everything anew, if it is seen."""
        self._timer.stop()
        if not self.isVisible():
            return
        while self._form.rowCount():
            self._form.removeRow(0)
        facts = self.facts()
        for name, value in facts:
            if not value:
                heading = PlainLabel(name, self._body)
                heading.setProperty("role", "heading")
                self._form.addRow(heading)
                continue
            label = PlainLabel(value, self._body)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setAccessibleName(f"{name}: {value}")
            self._form.addRow(muted(name, self._body), label)
        if not facts:
            self._form.addRow(muted(self.tr("No image is open."), self._body))

    def showEvent(self, event: QShowEvent) -> None:
        self.refresh()

    def _image_facts(self, document: Document, record: ImageRecord) -> Facts:
        facts = [
            (self.tr("Name"), record.name),
            (self.tr("Folder"), str(record.path.parent)),
            (self.tr("Size"), f"{record.width} × {record.height}"),
            (self.tr("Segments"), str(len(document.map.segments))),
            (self.tr("Changes by people"), str(record.num_edits)),
        ]
        if record.seconds:
            facts.append((self.tr("Time worked"), duration_text(record.seconds)))
        if record.uncertainty is not None:
            facts.append((self.tr("The model is sure"), f"{100 - 100 * record.uncertainty:.0f} %"))
        if record.note:
            facts.append((self.tr("Note"), record.note))
        exif: Mapping[str, str | float] = document.project.exif(record.id)
        facts += [(name, str(exif[key])) for key, name in self._exif_names.items() if exif.get(key)]
        return facts

    def _selection_facts(self, document: Document) -> Facts:
        panoptic_map, ids = document.map, sorted(document.selection)
        num_pixels = sum(panoptic_map.area(segment_id) for segment_id in ids)
        share = share_text(num_pixels / max(1, panoptic_map.ids.size))
        area = (self.tr("Area"), self.tr("{0} pixels ({1})").format(f"{num_pixels:,}", share))
        if len(ids) > 1:
            names = sorted({document.taxonomy[panoptic_map.segments[segment_id].category].name for segment_id in ids})
            return [(self.tr("Segments"), str(len(ids))), (self.tr("Categories"), ", ".join(names)), area]
        segment = panoptic_map.segments[ids[0]]
        category = document.taxonomy[segment.category]
        box = panoptic_map.bbox(ids[0])
        kind = self.tr("thing") if document.taxonomy.is_thing(segment.category) else self.tr("stuff")
        facts = [
            (self.tr("Category"), f"{category.name} ({kind})"),
            area,
            (self.tr("Place"), f"{box.x0}, {box.y0} – {box.x1}, {box.y1}"),
            (self.tr("Said by"), self._origins.get(segment.origin.value, segment.origin.value)),
        ]
        facts += [] if segment.score is None else [(self.tr("Score"), f"{segment.score:.2f}")]
        marks = [self.tr("crowd")] * segment.is_crowd + [self.tr("locked")] * segment.locked
        return facts + ([(self.tr("Marks"), ", ".join(marks))] if marks else [])

    def _on_session_document_changed(self) -> None:
        document = self._session.document
        if document is not None:
            document.selection_changed.connect(self._start_timer)
            document.segments_changed.connect(self._start_timer)
        self.refresh()

    def _start_timer(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()
