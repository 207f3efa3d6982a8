"""A few costly things, kept for keys that come again and again."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# A thing is worth making for a key that came this often among the last uses.
_WORTH_AT_USE = 2
_NUM_REMEMBERED = 24


class Recurring(Generic[K, V]):
    """Values for the keys in use lately; says for which keys making one pays.

    The images of a folder mostly have one or two sizes; where each has its own, nothing is made: neither for sizes that
    do not come back, nor by throwing out what is needed again at once.
    """

    def __init__(self, max_kept: int) -> None:
        """Keeps `max_kept` values at most."""
        self._max_kept = max_kept
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._recent: deque[K] = deque(maxlen=_NUM_REMEMBERED)

    def __len__(self) -> int:
        return len(self._kept)

    def use(self, key: K) -> V | None:
        """Notes that a key is in use; returns its value, None if there is none."""
        self._recent.append(key)
        value = self._kept.get(key)
        if value is not None:
            self._kept.move_to_end(key)
        return value

    def is_worth(self, key: K) -> bool:
        """Whether to make a value for a key: it comes again, and there is room or one that is no longer in use."""
        if not self._max_kept or self._recent.count(key) < _WORTH_AT_USE:
            return False
        return len(self._kept) < self._max_kept or next(iter(self._kept)) not in self._recent

    def keep(self, key: K, make: Callable[[], V]) -> V:
        """Makes and keeps a value, in place of the one unused for longest if there are too many."""
        while len(self._kept) >= self._max_kept:
            self._kept.popitem(last=False)
        value = self._kept[key] = make()
        return value

    def drop(self, is_stale: Callable[[K], bool]) -> None:
        """Lets go of the values of some keys."""
        for key in [key for key in self._kept if is_stale(key)]:
            del self._kept[key]

    def clear(self) -> bool:
        """Lets go of all values; whether there were any."""
        had_any = bool(self._kept)
        self._kept.clear()
        return had_any
