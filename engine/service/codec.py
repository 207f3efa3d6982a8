"""Messages as bytes (MessagePack) and back. No torch here: the window imports this."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, get_args

import msgpack

from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.errors import ProtocolError
from seamseg_studio.engine.service.field_types import check_fields
from seamseg_studio.engine.service.protocol import Message

_PARTS = (
    *(p.PredictOptions, p.ArraySpec, p.BlockSpec, p.PartFacts),
    *(p.BoxPrompt, p.ClickPrompt, p.StrokesPrompt, p.CategoryPrompt, p.Line, p.PackedMask),
    *(p.PromptAnswer, p.CategoryScore),
)
_TYPES: dict[str, type] = {kind.__name__: kind for kind in (*_PARTS, *get_args(Message))}
_TYPE_KEY = "$"


def encode(message: Message) -> bytes:
    """Turns a message into bytes."""
    return bytes(msgpack.packb(message, default=_to_plain))


def decode(data: bytes) -> Message:
    """Turns bytes into the message they hold; sequences come back as tuples.

    Raises:
        ProtocolError: The bytes are no message of this version.
    """
    try:
        message = msgpack.unpackb(data, object_hook=_from_plain, use_list=False)
    except (ValueError, TypeError, LookupError, RecursionError, MemoryError, msgpack.UnpackException) as error:
        reason = " ".join(str(error).split())[:160]
        raise ProtocolError(f"the engine and the program do not understand each other: {reason}") from error
    if not isinstance(message, Message):
        raise ProtocolError(f"the engine and the program do not understand each other: {type(message).__name__}")
    return message


def _to_plain(value: object) -> dict[str, object]:
    if is_dataclass(value) and _TYPES.get(type(value).__name__) is type(value):
        return {_TYPE_KEY: type(value).__name__} | {item.name: getattr(value, item.name) for item in fields(value)}
    raise TypeError(f"{type(value).__name__} is no part of the protocol")


def _from_plain(plain: dict[str, Any]) -> object:
    if _TYPE_KEY not in plain:
        return plain
    name = plain.pop(_TYPE_KEY)
    if not isinstance(name, str) or name not in _TYPES:
        raise ValueError(f"unknown message {name!r}")
    check_fields(_TYPES[name], plain)
    return _TYPES[name](**plain)
