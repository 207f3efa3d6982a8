"""What a conversion could not carry over or had to repair: counted, listed, never silent."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Loss:
    """One kind of loss in one image.

    Attributes:
        kind: What happened, in words that follow a number: "segments with holes filled".
        image: The image's name.
        count: How many segments, pixels, ... it concerns.
        detail: Which ones, if that helps.
    """

    kind: str
    image: str
    count: int = 1
    detail: str = ""


class _Watch(threading.local):
    """Where this thread's losses are noted besides."""

    found: list[Loss] | None = None


_watch = _Watch()


@contextmanager
def noted() -> Iterator[list[Loss]]:
    """Lists every loss that this thread adds to any collection, so that a log can keep those of one image."""
    found: list[Loss] = []
    outer = _watch.found
    _watch.found = found
    try:
        yield found
    finally:
        _watch.found = outer


class Losses:
    """Collects losses and repairs of one run; safe to use from several threads.

    All are counted; of each kind a thousand are listed one by one, those of the first images by name: threads finish
    images in any order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: dict[str, int] = {}
        self._images: dict[str, set[str]] = {}
        self._listed: dict[str, list[Loss]] = {}

    def add(self, kind: str, image: str, count: int = 1, detail: str = "") -> None:
        """Records that `count` things of a kind were lost or repaired in an image; nothing if `count` is 0."""
        if count == 0:
            return
        if _watch.found is not None:
            _watch.found.append(Loss(kind, image, count, detail))
        with self._lock:
            self._totals[kind] = self._totals.get(kind, 0) + count
            self._images.setdefault(kind, set()).add(image)
            listed = self._listed.setdefault(kind, [])
            listed.append(Loss(kind, image, count, detail))
            if len(listed) > 2 * _MAX_LISTED:
                listed[:] = _first(listed)

    def __bool__(self) -> bool:
        return bool(self._totals)

    def count(self, kind: str) -> int:
        """How many of one kind there were."""
        return self._totals.get(kind, 0)

    def num_images(self, kind: str) -> int:
        """In how many images there were some of one kind."""
        return len(self._images.get(kind, ()))

    @property
    def totals(self) -> dict[str, int]:
        """Count by kind."""
        with self._lock:
            return dict(sorted(self._totals.items()))

    def listed(self, kind: str) -> list[Loss]:
        """The recorded losses of a kind, at most a thousand, by the image's name."""
        with self._lock:
            return _first(self._listed.get(kind, []))

    def summary(self) -> list[str]:
        """One line for each kind: how many in how many images, and where it happened first."""
        lines = []
        for kind, total in self.totals.items():
            first = list(dict.fromkeys(loss.image for loss in self.listed(kind)))[:3]
            number = self.num_images(kind)
            more = ", ..." if number > len(first) else ""
            lines.append(
                f"{total} {kind} in {number} {'image' if number == 1 else 'images'} ({', '.join(first)}{more})"
            )
        return lines

    def _take(self, other: Losses) -> None:
        with self._lock, other._lock:
            for kind, count in other._totals.items():
                self._totals[kind] = self._totals.get(kind, 0) + count
                self._images.setdefault(kind, set()).update(other._images[kind])
                self._listed[kind] = _first([*self._listed.get(kind, []), *other._listed[kind]])

    def to_json(self) -> dict[str, object]:
        """Totals, and the list: image, count and detail of each."""
        return {
            kind: {
                "total": total,
                "images": self.num_images(kind),
                "list": [
                    {"image": loss.image, "count": loss.count, **({"detail": loss.detail} if loss.detail else {})}
                    for loss in self.listed(kind)
                ],
            }
            for kind, total in self.totals.items()
        }


def _first(losses: list[Loss]) -> list[Loss]:
    return sorted(losses, key=lambda loss: (loss.image, loss.detail, loss.count))[:_MAX_LISTED]


def merged(several: Iterable[Losses]) -> Losses:
    """Adds up several collections."""
    total = Losses()
    for losses in several:
        total._take(losses)
    return total
