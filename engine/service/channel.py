"""One end of the connection between client and worker: messages and blocks of pixels. No torch here.

Thread-safe for sending; one thread receives.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from multiprocessing.connection import Connection
from typing import TypeAlias

from seamseg_studio.engine.service.codec import decode, encode
from seamseg_studio.engine.service.errors import ProtocolError
from seamseg_studio.engine.service.protocol import (
    MAX_MESSAGE_BYTES,
    Followed,
    FuseAround,
    Message,
    Predict,
    Predicted,
    Show,
    Taken,
)
from seamseg_studio.engine.service.shared_pixels import Block

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection

    AnyConnection: TypeAlias = Connection | PipeConnection
else:
    AnyConnection: TypeAlias = Connection


class Channel:
    """Sends and receives messages; blocks in transit are held until the other side has them."""

    def __init__(self, connection: AnyConnection) -> None:
        """Takes over an authenticated connection."""
        self._connection = connection
        self._sending = threading.Lock()
        self._transit: dict[int, Block] = {}
        self._closed = False

    def send(self, message: Message, block: Block | None = None) -> None:
        """Sends a message, with the block it names; the caller must not use the block afterwards.

        Raises:
            OSError: The other side is gone.
        """
        data = encode(message)
        with self._sending:
            if self._closed:
                raise BrokenPipeError("the connection is closed")
            if block is not None:
                self._transit[block.spec.number] = block
            self._connection.send_bytes(data)
            if sys.platform != "win32" and block is not None and (handle := block.fileno()) is not None:
                with socket.socket(fileno=os.dup(self._connection.fileno())) as stream:
                    socket.send_fds(stream, [b"\0"], [handle])

    def poll(self, timeout_s: float) -> bool:
        """Whether a message, or the end, can be received within `timeout_s`.

        Raises:
            OSError: The connection is closed.
        """
        return self._connection.poll(timeout_s)

    def receive(self) -> tuple[Message, Block | None]:
        """Waits for the next message other than Taken and returns it with the block it names.

        Raises:
            EOFError, OSError: The other side is gone, or sends more than a message may have.
            ProtocolError: It speaks another language.
        """
        while True:
            message = decode(self._connection.recv_bytes(MAX_MESSAGE_BYTES))
            if isinstance(message, Taken):
                with self._sending:
                    self._transit.pop(message.block, None)
                continue
            if not isinstance(message, Predict | Predicted | Show | FuseAround | Followed):
                return message, None
            block = Block.attach(message.block, self._receive_handle())
            self.send(Taken(block.spec.number))
            return message, block

    def close(self) -> None:
        """Closes the connection and lets go of the blocks in transit. Harmless when repeated."""
        with self._sending:
            if not self._closed:
                self._closed = True
                self._connection.close()
                self._transit.clear()

    def _receive_handle(self) -> int | None:
        if sys.platform == "win32":  # a block is found by its name there
            return None
        with socket.socket(fileno=os.dup(self._connection.fileno())) as stream:
            # MSG_CMSG_CLOEXEC: a program started at this moment by another thread must not inherit the handle.
            flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            data, handles, _, _ = socket.recv_fds(stream, 1, 1, flags)
        if not data:
            raise EOFError
        if len(handles) != 1:
            raise ProtocolError("the engine sent pixels without their memory; restart the program")
        return int(handles[0])
