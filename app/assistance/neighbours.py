"""What follows from a correction: the model fuses again around it, and neighbours that change so are offered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from seamseg_studio.app.assistance.labelling import Labelling
from seamseg_studio.app.jobs.background import Background
from seamseg_studio.app.jobs.question import Question
from seamseg_studio.app.project.session import Session

if TYPE_CHECKING:
    from seamseg_studio.app.canvas.offer import Offer
    from seamseg_studio.app.editing.document import Document
    from seamseg_studio.app.tools.events import MaskSketch
    from seamseg_studio.engine.scene.consequences import Consequences, CorrectedPart
    from seamseg_studio.engine.scene.geometry import Box
    from seamseg_studio.engine.scene.panoptic_map import Segment
    from seamseg_studio.engine.scene.patch import Patch
    from seamseg_studio.engine.scene.policy import EditingPolicy

LABEL = "neighbours as the model sees them"
_DELAY_MS = 200  # who makes one stroke after the other is not interrupted
_MAX_NAMES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """What is offered.

    Attributes:
        document: For which image.
        part: The correction that it follows from.
        found: What the model says.
        shown: The pixels that would change.
        names: Of the categories that they would get.
    """

    document: Document
    part: CorrectedPart
    found: Consequences
    shown: tuple[MaskSketch, ...]
    names: tuple[str, ...]


class Neighbours(QObject):
    """Asks after every correction of the open image, and keeps what came of it until it is taken, left, or outdated.

    Signals:
        offered: `proposal` is another one, or there is none any more.
    """

    offered = Signal()

    def __init__(self, session: Session, labelling: Labelling, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._labelling = labelling
        self.is_wanted = True
        self.proposal: Proposal | None = None
        self._document: Document | None = None
        self._patch: Patch | None = None
        self._timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._timer.timeout.connect(self._on_timer_timeout)
        self._gatherer: Background[CorrectedPart] = Background("neighbours", self._on_gathered, self)
        self._question = Question(lambda _: None)  # nobody has asked for it, so nobody misses it
        self._previewer: Background[Proposal] = Background("neighbours", self._on_previewed, self)
        session.document_changed.connect(self._on_session_document_changed)

    @property
    def told(self) -> str:
        """What the status bar should say of the proposal; empty if there is none."""
        if self.proposal is None:
            return ""
        names = ", ".join(self.proposal.names[:_MAX_NAMES]) + (" …" if len(self.proposal.names) > _MAX_NAMES else "")
        return self.tr("Around it the model would now say: {0} · Enter takes it, Esc not").format(names)

    @property
    def offer(self) -> Offer | None:
        """The proposal as the canvas shows it."""
        from seamseg_studio.app.canvas.offer import Offer

        return None if self.proposal is None else Offer(self.proposal.shown, self.take, self.drop)

    @property
    def is_asking(self) -> bool:
        """Whether something may still come of the last correction."""
        is_working = self._gatherer.busy or self._previewer.busy
        return self._timer.isActive() or is_working or self._question.is_open

    def take(self) -> None:
        """Makes what is shown one step of the journal."""
        proposal = self.proposal
        self.drop()
        if proposal is not None:
            make = partial(_make, proposal)
            proposal.document.edit(make, num_pixels=proposal.found.box.area)

    def drop(self) -> None:
        """Forgets what is shown, and asks no more."""
        self._timer.stop()
        self._patch = None
        self._gatherer.drop()
        self._question.drop()
        self._previewer.drop()
        if self.proposal is not None:
            self.proposal = None
            self.offered.emit()

    def _on_session_document_changed(self) -> None:
        self.drop()
        document = self._session.document
        if document is self._document:
            return
        self._document = document
        if document is not None:
            document.corrected.connect(self._on_document_corrected)
            for signal in (document.history_changed, document.map_replaced, document.policy_changed, document.closing):
                signal.connect(self._on_document_outdated)
            document.steps_changed.connect(self._on_document_steps_changed)

    def _on_document_outdated(self) -> None:
        if self.sender() is self._document:  # else it is one that is being put away
            self.drop()

    def _on_document_steps_changed(self) -> None:
        if self._document is not None and self._document.stroke_active:
            self.drop()

    def _on_document_corrected(self, patch: Patch) -> None:
        if self.is_wanted and patch.label != LABEL and self.sender() is self._document:
            self._patch = patch
            self._timer.start()

    def _on_timer_timeout(self) -> None:
        from seamseg_studio.engine.scene.consequences import part_around

        document, patch = self._document, self._patch
        if document is None or patch is None or document.stroke_active or document.working:
            return
        box = part_around(document.map, patch)
        if box is not None:
            # Only the records must not change meanwhile: an edit that changes pixels makes all of this outdated.
            records = dict(document.map.segments)
            self._gatherer.request(partial(_gathered, document, records, patch, box))

    def _on_gathered(self, part: CorrectedPart) -> None:
        answer = self._labelling.fuse_around(part)
        if answer is not None:
            self._question.put(answer, partial(self._on_found, part))

    def _on_found(self, part: CorrectedPart, found: Consequences | None) -> None:
        if self._document is not None and found is not None:
            policy = self._document.effective_policy
            self._previewer.request(partial(_previewed, self._document, part, found, policy))

    def _on_previewed(self, proposal: Proposal) -> None:
        if proposal.shown:
            self.proposal = proposal
            self.offered.emit()


def _gathered(document: Document, records: dict[int, Segment], patch: Patch, box: Box) -> CorrectedPart:
    from seamseg_studio.engine.scene.consequences import corrected_part

    return corrected_part(document.map, records, patch, box, document.taxonomy)


def _patch_of(document: Document, part: CorrectedPart, found: Consequences, policy: EditingPolicy) -> Patch:
    from seamseg_studio.engine.scene.consequences import adopt_consequences

    return adopt_consequences(document.map, found, part, policy, LABEL)


def _make(proposal: Proposal, policy: EditingPolicy) -> Patch:
    return _patch_of(proposal.document, proposal.part, proposal.found, policy)


def _previewed(document: Document, part: CorrectedPart, found: Consequences, policy: EditingPolicy) -> Proposal:
    """What would change, in the colours that it would get."""
    from seamseg_studio.app.tools.events import MaskSketch
    from seamseg_studio.engine.scene.errors import SceneError
    from seamseg_studio.engine.scene.proposal import changes_by_category

    try:
        changes = changes_by_category(document.map, _patch_of(document, part, found, policy))
    except SceneError:
        changes = []
    taxonomy = document.displayed_taxonomy
    shown, names = [], []
    for category, mask, box in changes:
        assert category is not None  # void is never proposed
        names.append(taxonomy[category].name)
        shown.append(MaskSketch(mask, box, taxonomy[category].color))
    return Proposal(document, part, found, tuple(shown), tuple(names))
