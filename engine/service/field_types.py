"""Whether the values of a message have the types that its dataclass names: what arrives is checked, not believed."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any

_Check = Callable[[object], bool]


def check_fields(kind: type, values: Mapping[str, object]) -> None:
    """Checks the values that a dataclass is to be made of.

    Args:
        kind: The dataclass.
        values: What it is to be made of, by name; those that are missing or unknown are its own affair.

    Raises:
        ValueError: One is of another type than the field's.
    """
    checks = _checks_of(kind)
    for name, value in values.items():
        check = checks.get(name)
        if check is not None and not check(value):
            raise ValueError(f"{kind.__name__}.{name} is {type(value).__name__}")


@cache
def _checks_of(kind: type) -> dict[str, _Check]:
    return {name: _check_for(hint) for name, hint in typing.get_type_hints(kind).items()}


def _check_for(hint: Any) -> _Check:
    """Returns what tells whether a value is of a type as the messages use them."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        choices = [_check_for(part) for part in parts]
        return lambda value: any(choice(value) for choice in choices)
    if origin is tuple:
        if parts[-1] is Ellipsis:
            item = _check_for(parts[0])
            return lambda value: isinstance(value, tuple) and all(map(item, value))
        items = [_check_for(part) for part in parts]
        return lambda value: (
            isinstance(value, tuple)
            and len(value) == len(items)
            and all(check(one) for check, one in zip(items, value, strict=True))
        )
    if origin is not None and issubclass(origin, Mapping):
        key, content = (_check_for(part) for part in parts)
        return lambda value: isinstance(value, dict) and all(key(k) and content(v) for k, v in value.items())
    if hint is type(None):
        return lambda value: value is None
    if hint is float:
        return lambda value: isinstance(value, float) or type(value) is int
    if hint is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    assert hint in (bool, str, bytes) or is_dataclass(hint), hint
    return lambda value: isinstance(value, hint)
