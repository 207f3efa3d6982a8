"""Changes to documents that byte-wise fuzzers seldom make: whole values replaced by those that break programs."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import msgpack

_WHOLE = (0, 1, -1, 255, 256, 2**15, 2**16, 2**24, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53 + 1, 2**63 - 1)
_TEXTS = (
    "", "\0", "..", "../../x", "/etc/passwd", "C:\\x", "\\\\host\\share\\x", "a" * 300, "\ud800", "Ω\u202e", "-",
    "%s%n", "{0.__class__}", "<img src=x>", "$(touch x)", "__import__('os').system('touch x')", "!!python/object:x",
    "1e999", "nan", "2", "con", "a/b",
)  # fmt: skip
_FLOATS = (0.5, -0.0, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf"))


def _hostile(rng: random.Random, *, wide: bool) -> Any:
    """A value that a careless reader does not expect; `wide` allows what JSON has and MessagePack has not."""
    kind = rng.randrange(8)
    if kind == 0:
        return rng.choice(_WHOLE)
    if kind == 1:
        return rng.choice(_TEXTS) if wide else rng.choice(_TEXTS).encode("utf-8", "replace").decode()
    if kind == 2:
        return rng.choice(_FLOATS)
    if kind == 3:
        return rng.choice((None, True, False, [], {}))
    if kind == 4:
        return [rng.choice(_WHOLE)] * rng.choice((1, 2, 3, 100))
    if kind == 5:
        value: Any = 0
        for _ in range(rng.choice((2, 50, 400))):
            value = [value] if rng.random() < 0.5 else {"a": value}
        return value
    if kind == 6 and wide:
        return 10 ** rng.choice((19, 40, 400))
    return {"size": [-1, 10**9], "counts": "0"}


def _places(value: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    """Where in a document something can be put: containers with the keys or places in them."""
    found: list[tuple[Any, Any]] = []
    if depth < 20 and isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in list(items)[:200]:
            found.append((value, key))
            found += _places(item, depth + 1)
    return found


def mutate_document(document: Any, rng: random.Random, *, wide: bool) -> Any:
    """Replaces, removes, repeats or renames one to three values of a document of lists and dictionaries."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = _places(document)
        if not places:
            return _hostile(rng, wide=wide)
        box, key = rng.choice(places)
        how = rng.randrange(5)
        if how <= 1:
            box[key] = _hostile(rng, wide=wide)
        elif how == 2:
            del box[key]
        elif how == 3 and isinstance(box, list):
            box.extend([box[key]] * rng.choice((1, 2, 40)))
        else:
            other, place = rng.choice(places)
            try:
                box[key] = json.loads(json.dumps(other[place]))
            except (KeyError, IndexError, ValueError, TypeError):
                box[key] = None
    return document


def mutate_json(data: bytes, rng: random.Random) -> bytes:
    """Changes values of a JSON text; bytes where it is none."""
    try:
        document = json.loads(data)
        changed = mutate_document(document, rng, wide=True)
        return json.dumps(changed, ensure_ascii=rng.random() < 0.7).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return mutate_bytes(data, rng)


def mutate_msgpack(data: bytes, rng: random.Random) -> bytes:
    """Changes values of a MessagePack document; bytes where it is none."""
    try:
        document = msgpack.unpackb(data, strict_map_key=False)
        return bytes(msgpack.packb(mutate_document(document, rng, wide=False)))
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException):
        return mutate_bytes(data, rng)


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """Changes, cuts, repeats and inserts a few bytes."""
    content = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        where = rng.randrange(len(content) + 1)
        how = rng.randrange(6)
        if how == 0 and where < len(content):
            content[where] = rng.randrange(256)
        elif how == 1 and where < len(content):
            content[where] ^= 1 << rng.randrange(8)
        elif how == 2:
            size = rng.choice((1, 2, 4, 8))
            content[where : where + size] = rng.choice(_WHOLE).to_bytes(9, "big", signed=True)[-size:]
        elif how == 3:
            del content[where : where + rng.choice((1, 4, 30))]
        elif how == 4:
            start = rng.randrange(len(content) + 1)
            content[where:where] = content[start : start + rng.choice((1, 8, 60))]
        else:
            content[where:where] = rng.randbytes(rng.choice((1, 4)))
        if not content:
            content = bytearray(b"\0")
    return bytes(content)


MUTATIONS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bytes": mutate_bytes,
    "json": mutate_json,
    "msgpack": mutate_msgpack,
}
