"""The configuration of a network and its training, read from and written to `.ini` text.

Sections and keys are the original project's. Values are written as there: tuples `(1, 2)`, mappings as JSON, booleans
`yes`/`no`; a missing key has its default (see `sections`).
"""

from __future__ import annotations

import ast
import configparser
import dataclasses
import difflib
import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seamseg_studio.engine.errors import InputError
from seamseg_studio.engine.files import finite
from seamseg_studio.engine.model import sections as ini

CHOICES = {
    ("body", "body"): ini.BODIES,
    ("body", "normalization_mode"): ini.NORMALIZATION_MODES,
    ("body", "activation"): ini.ACTIVATIONS,
    ("fpn", "interpolation"): ("nearest", "bilinear"),
    ("scheduler", "type"): ini.SCHEDULES,
    ("scheduler", "update_mode"): ("batch", "epoch"),
}
_POSITIVE = frozenset(
    {"out_channels", "hidden_channels", "fc_channels", "mask_channels", "gn_groups", "anchor_scale", "anchor_ratios"}
    | {"num_samples", "fpn_levels", "sigma", "roi_size", "pooling_size", "fpn_canonical_scale", "max_predictions"}
    | {"shortest_size", "longest_max_size", "train_batch_size", "val_batch_size", "rgb_std", "out_strides", "epochs"}
    | {"val_interval", "log_interval"}
)

# Sections that others read from the same files: the trainer's options.
_OTHER_SECTIONS = frozenset({"training"})
_SHOWN_LENGTH = 60  # letters of a wrong value that a message repeats


class ConfigError(InputError):
    """A configuration cannot be read: names the file, the section, the key and what was expected."""


@dataclass(frozen=True, slots=True)
class Config:
    """All sections."""

    general: ini.GeneralConfig = field(default_factory=ini.GeneralConfig)
    body: ini.BodyConfig = field(default_factory=ini.BodyConfig)
    fpn: ini.FpnConfig = field(default_factory=ini.FpnConfig)
    rpn: ini.RpnConfig = field(default_factory=ini.RpnConfig)
    roi: ini.RoiConfig = field(default_factory=ini.RoiConfig)
    sem: ini.SemConfig = field(default_factory=ini.SemConfig)
    optimizer: ini.OptimizerConfig = field(default_factory=ini.OptimizerConfig)
    scheduler: ini.SchedulerConfig = field(default_factory=ini.SchedulerConfig)
    dataloader: ini.DataloaderConfig = field(default_factory=ini.DataloaderConfig)

    def replace(self, **section_values: Mapping[str, Any]) -> Config:
        """Returns a copy with some keys changed: `config.replace(rpn={"num_samples": 64})`."""
        changed = {name: dataclasses.replace(getattr(self, name), **values) for name, values in section_values.items()}
        return dataclasses.replace(self, **changed)


_MOST_BYTES = 1 << 20  # all keys take 4 KB; a parser takes its time


def load_config(source: Path | str, *, name: str | None = None, strict: bool = True) -> Config:
    """Reads a configuration.

    Args:
        source: A path, or the text itself (a string that holds a line break).
        name: What messages call the source; the path by default.
        strict: Whether an unknown section or key is an error. Off only for archives of other programs.

    Raises:
        ConfigError: The file is missing, is no `.ini`, or holds an unknown key or an unusable value.
    """
    if isinstance(source, str) and "\n" in source:
        text, name = source, name or "the configuration"
    else:
        path = Path(source)
        name = name or str(path)
        try:
            if finite(path).stat().st_size > _MOST_BYTES:
                raise ConfigError(f"{name} is too large for a configuration: give an .ini text file")
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{name} cannot be read as a configuration ({error}): give an .ini text file") from error
    parser = configparser.ConfigParser(interpolation=None, default_section="\0none")
    try:
        parser.read_string(text, source=name)
    except configparser.Error as error:
        first_line = str(error).splitlines()[0]
        raise ConfigError(f"{name} is no .ini file ({first_line}): correct it or start from a default") from error
    section_types = typing.get_type_hints(Config)
    values: dict[str, Any] = {}
    for section in parser.sections():
        if section not in section_types:
            if strict and section not in _OTHER_SECTIONS:
                raise ConfigError(f"{name}: unknown section [{section}]{_nearest(section, section_types)}")
            continue
        values[section] = read_section(section, section_types[section], parser[section], name, strict)
    config = Config(**values)
    _check_consistency(config, name)
    return config


def dump_config(config: Config) -> str:
    """Returns the `.ini` text of all keys; `load_config` of it gives an equal configuration."""
    lines: list[str] = []
    for section in dataclasses.fields(config):
        lines.append(f"[{section.name}]")
        part = getattr(config, section.name)
        lines += [f"{key.name} = {value_to_text(getattr(part, key.name))}".rstrip() for key in dataclasses.fields(part)]
        lines.append("")
    return "\n".join(lines)


def read_section(section: str, kind: Any, items: Mapping[str, str], name: str, strict: bool) -> Any:
    """Returns the values of one section as a `kind`; keys that it does not know are errors if `strict`."""
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, text in items.items():
        where = f"{name}: [{section}] {key}"
        if key not in hints:
            if strict:
                raise ConfigError(f"{where} is unknown{_nearest(key, hints)}")
            continue
        try:
            value = _from_text(hints[key], text.strip())
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            raise ConfigError(f"{where} = {_shown(text)} is not {_describe(hints[key])}: correct the value") from None
        choices = CHOICES.get((section, key))
        if choices and value not in choices:
            raise ConfigError(
                f"{where} = {_shown(text)} is unknown{_nearest(text, choices)}; use one of {', '.join(choices)}"
            )
        _check_range(key, value, where)
        values[key] = value
    return kind(**values)


def _from_text(hint: Any, text: str) -> Any:
    if hint is str:
        return text
    if hint is bool:
        states = configparser.ConfigParser.BOOLEAN_STATES
        if text.lower() not in states:
            raise ValueError(text)
        return states[text.lower()]
    if hint is int:
        return int(text)
    if hint is float:
        return _finite(float(text))
    if typing.get_origin(hint) is tuple:
        return _tuple_from_text(hint, text)
    value = json.loads(text) if text else {}
    if not isinstance(value, dict):
        raise ValueError(text)
    return value


def _tuple_from_text(hint: Any, text: str) -> tuple[Any, ...]:
    value = ast.literal_eval(text) if text else ()
    items = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    kinds = typing.get_args(hint)
    if kinds[-1] is not Ellipsis and len(kinds) != len(items):
        raise ValueError(text)
    kind = kinds[0]
    for item in items:
        allowed = (int, float) if kind is float else kind
        if isinstance(item, bool) or not isinstance(item, allowed):
            raise ValueError(text)
    return tuple(_finite(float(item)) if kind is float else item for item in items)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(value)
    return value


def value_to_text(value: Any) -> str:
    """Returns a value as it is written into a configuration file."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return repr(value) if value else ""
    if isinstance(value, Mapping):
        return json.dumps(dict(value))
    return str(value)


def _check_range(key: str, value: Any, where: str) -> None:
    numbers = [v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, (int, float))]
    lowest_allowed = "more than 0" if key in _POSITIVE else "0 or more"
    if isinstance(value, bool) or key == "rgb_mean":
        return
    if any(v < 0 or (v == 0 and key in _POSITIVE) for v in numbers):
        raise ConfigError(f"{where} = {value} must be {lowest_allowed}: correct the value")
    if key.endswith(("threshold", "pos_ratio", "ohem")) and any(v > 1 for v in numbers):
        raise ConfigError(f"{where} = {value} must be between 0 and 1: correct the value")


def _check_consistency(config: Config, name: str) -> None:
    num_levels = len(config.fpn.inputs) + config.fpn.extra_scales
    if len(config.fpn.out_strides) != num_levels:
        raise ConfigError(
            f"{name}: [fpn] out_strides names {len(config.fpn.out_strides)} levels, but inputs and extra_scales make "
            f"{num_levels}: give one stride per level"
        )
    if len(config.dataloader.random_scale) not in (0, 2):
        raise ConfigError(f"{name}: [dataloader] random_scale is the lowest and the highest factor, or empty")
    if config.body.activation == "leaky_relu" and config.body.activation_slope == 0:
        raise ConfigError(
            f"{name}: [body] activation_slope = 0 cannot be undone in the backward pass: use more than 0, such as 0.01"
        )
    for section in ("rpn", "roi", "sem"):
        part = getattr(config, section)
        if part.fpn_min_level + part.fpn_levels > num_levels:
            raise ConfigError(
                f"{name}: [{section}] uses feature levels up to {part.fpn_min_level + part.fpn_levels - 1}, but [fpn] "
                f"makes only {num_levels}: lower fpn_levels or raise extra_scales"
            )


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}...")


def _nearest(word: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ": remove it"


def _describe(hint: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "yes or no", str: "text"}
    if isinstance(hint, types.GenericAlias) and hint.__origin__ is tuple:
        kinds = hint.__args__
        count = "" if kinds[-1] is Ellipsis else f"{len(kinds)} "
        return f"a list of {count}{ {int: 'whole numbers', float: 'numbers', str: 'quoted names'}[kinds[0]] }"
    return names.get(hint, "a JSON mapping")
