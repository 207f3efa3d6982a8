"""Small pictures of images, decoded in the background when a list first shows them."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader

THUMBNAIL_SIZE = QSize(96, 64)
_CACHE_LIMIT = 4000  # about 25 kB each
_QUEUE_LIMIT = 60  # what scrolled away long ago is not worth decoding


def read_thumbnail(path: Path, size: QSize = THUMBNAIL_SIZE) -> QImage:
    """Decodes `path` cropped to fill `size`; a null image if it cannot be read. JPEG is decoded at a fraction."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    full = reader.size()
    if full.isValid():
        reader.setScaledSize(full.scaled(size * 2, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    picture = reader.read()
    if picture.isNull():
        return picture
    filled = picture.scaled(
        size, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    left, top = (filled.width() - size.width()) // 2, (filled.height() - size.height()) // 2
    return filled.copy(left, top, size.width(), size.height()).convertToFormat(QImage.Format.Format_RGB32)


class Thumbnails(QObject):
    """Answers at once with what it has and decodes the rest, the latest wish first.

    Signals:
        ready: The path whose thumbnail can be had now.
    """

    ready = Signal(object)
    decoded = Signal(object, QImage)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, "studio-thumbnails")
        self._cache: OrderedDict[Path, QImage] = OrderedDict()
        self._wishes: OrderedDict[Path, None] = OrderedDict()
        self._current: Path | None = None
        self.decoded.connect(self._on_decoded)

    def get(self, path: Path) -> QImage | None:
        """The thumbnail of `path`, or None if it has to be decoded first (then `ready` follows)."""
        if path in self._cache:
            self._cache.move_to_end(path)
            picture = self._cache[path]
            return None if picture.isNull() else picture
        if path != self._current:
            self._wishes[path] = None
            self._wishes.move_to_end(path)
            while len(self._wishes) > _QUEUE_LIMIT:
                self._wishes.popitem(last=False)
            self._start_next()
        return None

    def close(self) -> None:
        """Drops all wishes and waits for the picture being decoded."""
        self._wishes.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start_next(self) -> None:
        if self._current is None and self._wishes:
            self._current, _ = self._wishes.popitem(last=True)
            self._pool.submit(self._decode, self._current)

    def _decode(self, path: Path) -> None:
        """Runs in the pool's thread; the signal is queued to this object's."""
        self.decoded.emit(path, read_thumbnail(path))

    def _on_decoded(self, path: Path, picture: QImage) -> None:
        self._current = None
        self._cache[path] = picture
        while len(self._cache) > _CACHE_LIMIT:
            self._cache.popitem(last=False)
        self.ready.emit(path)
        self._start_next()
