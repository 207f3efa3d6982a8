"""The labels of one image, written on another machine, on their way to the folder that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgpack

from seamseg_studio.engine.formats.record_log import Record


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a writer has made of one image.

    Attributes:
        record: Its line of the log.
        files: Contents by path below the folder, with "/" between the parts.
    """

    record: Record
    files: Mapping[str, bytes]

    def to_bytes(self) -> bytes:
        """Packs everything."""
        return bytes(msgpack.packb([self.record, dict(self.files)]))

    @classmethod
    def from_bytes(cls, data: bytes) -> Parcel:
        """Unpacks what `to_bytes` packed."""
        record, files = msgpack.unpackb(data)
        return cls(record, files)
