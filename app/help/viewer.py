"""The user guide in a window of its own: contents and search left, the page right. It needs no network."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import (
    QDesktopServices,
    QImage,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QTextBlock,
    QTextBlockFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QTextBrowser,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from seamseg_studio.app.help.guide import GUIDE, PAGES, Section, anchor_of, contents, search
from seamseg_studio.app.look.icons import Icons
from seamseg_studio.app.panels.fields import SearchField

SIZE = QSize(1080, 720)
_CONTENTS_PX = 280
_MARGIN_PX = 48  # beside a picture: the page's own margins and the scroll bar
_HEADING_PX, _PARAGRAPH_PX, _LINE_PX, _LINE_PERCENT = 20, 9, 2, 115
_MAX_FOUND = 60
_PLACE = Qt.ItemDataRole.UserRole


class Page(QTextBrowser):
    """A page of the guide; pictures are never wider than it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setAccessibleName(self.tr("Page of the guide"))
        self.document().setDocumentMargin(18)
        self._folder = GUIDE
        self._page = ""
        self._wanted = ""
        self._width = 0

    @property
    def page(self) -> str:
        """The path of what is shown, below `GUIDE`."""
        return self._page

    def show_page(self, page: str, anchor: str) -> None:
        """Shows a page from the heading that `anchor` names, or from the top."""
        if page != self._page:
            try:
                text = (GUIDE / page).read_text(encoding="utf-8")
            except OSError:
                text = self.tr("This page is missing; install the program again.")
            self._page, self._folder = page, (GUIDE / page).parent
            self._width = self.viewport().width()
            self.document().clear()
            self.document().setMarkdown(text, QTextDocument.MarkdownFeature.MarkdownDialectGitHub)
            self._space_out()
        self._wanted = anchor
        self._go()

    def _space_out(self) -> None:
        """Gives headings and paragraphs the air that Markdown knows nothing of."""
        block = self.document().begin()
        while block.isValid():
            cursor = QTextCursor(block)
            if cursor.currentTable() is None:
                form = QTextBlockFormat()
                level = block.blockFormat().headingLevel()
                form.setTopMargin(_HEADING_PX if level > 1 else 0)
                form.setBottomMargin(_LINE_PX if block.textList() is not None else _PARAGRAPH_PX)
                form.setLineHeight(_LINE_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
                cursor.mergeBlockFormat(form)
            block = block.next()

    def _go(self) -> None:
        block = self._heading(self._wanted)
        top = self.document().documentLayout().blockBoundingRect(block).top() if block is not None else 0
        self.verticalScrollBar().setValue(round(top))

    def _heading(self, anchor: str) -> QTextBlock | None:
        block = self.document().begin() if anchor else QTextBlock()
        while block.isValid():
            if block.blockFormat().headingLevel() and anchor_of(block.text()) == anchor:
                return block
            block = block.next()
        return None

    @property
    def heading(self) -> str:
        """The anchor that was gone to; empty for the top."""
        return self._wanted if self._heading(self._wanted) is not None else ""

    def loadResource(self, kind: int, name: QUrl) -> object:  # type: ignore[override]
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return None  # pages are text and pictures; nothing else is looked for anywhere
        picture = QImage(str(self._folder / name.path()))
        room = max(200, self.viewport().width() - _MARGIN_PX)
        if picture.width() > room:
            picture = picture.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)
        return picture

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._page and abs(self.viewport().width() - self._width) > _MARGIN_PX:
            page, self._page = self._page, ""  # pictures are of the former width
            self.show_page(page, self._wanted)


class GuideWindow(QWidget):
    """The pages of the guide. It stays beside the main window, so that one can read and do."""

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("User guide"))
        self.setAccessibleName(self.tr("User guide"))
        self.resize(SIZE)
        self._past: list[str] = []
        self._place = ""
        self.page = Page(self)
        self.page.anchorClicked.connect(self._on_page_anchor_clicked)
        self.search = SearchField(self.tr("Search the guide"))
        self.search.textChanged.connect(self._on_search_text_changed)
        self.tree = QTreeWidget(self)
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName(self.tr("Contents"))
        self.tree.currentItemChanged.connect(self._on_tree_current_item_changed)
        self.back = QToolButton(self)
        self.back.setProperty("role", "flat")
        self.back.setIcon(icons["previous"])
        self.back.setToolTip(self.tr("Back ({0})").format("Alt+Left"))
        self.back.setAccessibleName(self.tr("Back"))
        self.back.clicked.connect(self.go_back)
        QShortcut(QKeySequence("Alt+Left"), self, self.go_back)
        QShortcut(QKeySequence("Esc"), self, self.close)
        QShortcut(QKeySequence("Ctrl+F"), self, self.search.setFocus)
        self._lay_out()
        self._fill(contents())

    def _lay_out(self) -> None:
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(10, 10, 4, 10)
        row = QHBoxLayout()
        row.addWidget(self.back)
        row.addWidget(self.search, 1)
        column.addLayout(row)
        column.addWidget(self.tree, 1)
        splitter = QSplitter(self)
        splitter.addWidget(left)
        splitter.addWidget(self.page)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([_CONTENTS_PX, SIZE.width() - _CONTENTS_PX])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    @property
    def place(self) -> str:
        """What is shown, as a link would say it."""
        return self._place

    def show_place(self, place: str) -> None:
        """Shows the page and heading that a link such as "user-guide/tools.md#painting" names."""
        if self._place and place != self._place:
            self._past.append(self._place)
        self._show(place)

    def go_back(self) -> None:
        """Shows what was read before."""
        if self._past:
            self._show(self._past.pop())

    def _show(self, place: str) -> None:
        page, _, anchor = place.partition("#")
        self._place = place
        self.back.setEnabled(bool(self._past))
        self.page.show_page(page, anchor)
        item = next((item for item in self._items() if item.data(0, _PLACE) in (place, page)), None)
        exact = next((item for item in self._items() if item.data(0, _PLACE) == place), item)
        self.tree.blockSignals(True)
        self.tree.setCurrentItem(exact)  # type: ignore[arg-type]  # none: nothing is marked
        self.tree.blockSignals(False)

    def _items(self) -> list[QTreeWidgetItem]:
        tops = [self.tree.topLevelItem(number) for number in range(self.tree.topLevelItemCount())]
        found = [item for top in tops if top for item in (top, *(top.child(n) for n in range(top.childCount())))]
        return [item for item in found if item is not None]

    def _fill(self, sections: tuple[Section, ...]) -> None:
        """Shows all contents: the pages, with their headings below."""
        self.tree.clear()
        page: QTreeWidgetItem | None = None
        for section in sections:
            if section.level == 1 or page is None:
                page = _item(section, section.title)
                self.tree.addTopLevelItem(page)
            elif section.level == 2:
                page.addChild(_item(section, section.title))

    def _on_search_text_changed(self, words: str) -> None:
        if not words.strip():
            self._fill(contents())
            return
        self.tree.clear()
        for section in search(words)[:_MAX_FOUND]:
            self.tree.addTopLevelItem(_item(section, section.title))
        if not self.tree.topLevelItemCount():
            nothing = QTreeWidgetItem([self.tr("Nothing was found")])
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self.tree.addTopLevelItem(nothing)

    def _on_tree_current_item_changed(self, item: QTreeWidgetItem | None) -> None:
        place = item.data(0, _PLACE) if item is not None else None
        if place:
            self.show_place(str(place))

    def _on_page_anchor_clicked(self, link: QUrl) -> None:
        if link.scheme():
            QDesktopServices.openUrl(link)  # a page of somebody else's, in the browser, because it was asked for
            return
        name = link.path()
        target = (GUIDE / self.page.page).parent / name if name else GUIDE / self.page.page
        page = _below(target)
        if page in PAGES:
            self.show_place(f"{page}#{link.fragment()}" if link.fragment() else page)
        elif target.is_file():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(target.resolve())))


def _item(section: Section, title: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem([title])
    item.setData(0, _PLACE, section.place)
    item.setToolTip(0, title)
    return item


def _below(path: Path) -> str:
    """The path of a page below `GUIDE`, as `PAGES` says it."""
    resolved = path.resolve()
    return resolved.relative_to(GUIDE).as_posix() if resolved.is_relative_to(GUIDE) else ""
