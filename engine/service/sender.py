"""The client's sending thread: copies pixels into shared memory and sends, so that nobody who asks waits for it.

No torch here.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress

import numpy as np

from seamseg_studio.engine.service import protocol as p
from seamseg_studio.engine.service.channel import Channel
from seamseg_studio.engine.service.requests import Pending, Phase, RequestTable
from seamseg_studio.engine.service.results import part_to_arrays
from seamseg_studio.engine.service.shared_pixels import Array, Block


class Sender:
    """Sends what the outbox and the table of requests hold to whatever channel is set."""

    def __init__(self, changed: threading.Condition, table: RequestTable) -> None:
        """`changed` guards the table and the sender's own attributes, and is notified of every change."""
        self.channel: Channel | None = None
        self.closing = False
        self._changed = changed
        self._table = table
        self._outbox: deque[p.ToWorker] = deque()
        self._next_block = 1

    def post(self, message: p.ToWorker) -> None:
        """Has a message sent before any request. Call with the lock held."""
        self._outbox.append(message)
        self._changed.notify_all()

    def set_channel(self, channel: Channel | None) -> None:
        """Sends to another child from now on; None for nobody. Call with the lock held."""
        self.channel = channel
        self._outbox.clear()
        self._changed.notify_all()

    def close(self) -> None:
        """Ends the thread. Call with the lock held."""
        self.closing = True
        self._changed.notify_all()

    def run(self) -> None:
        """Sends until closed; the thread's target."""
        while True:
            pending, message = None, None
            with self._changed:
                self._changed.wait_for(self._has_work)
                channel = self.channel
                if self.closing:
                    return
                if self._outbox:
                    message = self._outbox.popleft()
                elif (pending := self._table.next_to_send()) is not None:
                    pending.phase = Phase.SENT
            assert channel is not None
            # Where the connection is gone the supervisor sees it too, and takes everything back.
            with suppress(OSError):
                if message is not None:
                    channel.send(message)
                elif pending is not None:
                    self._send_request(channel, pending)

    def _has_work(self) -> bool:
        if self.closing:
            return True
        return self.channel is not None and (bool(self._outbox) or self._table.next_to_send() is not None)

    def _send_request(self, channel: Channel, pending: Pending) -> None:
        number, payload, options, priority = pending.request.number, pending.payload, pending.options, pending.priority
        if pending.prompt is not None and not pending.with_pixels:
            channel.send(p.Ask(number, pending.key, pending.prompt, priority))
        elif pending.fuses_again and not pending.with_pixels:
            assert options is not None
            channel.send(p.FuseAgain(number, pending.key, options, priority))
        elif isinstance(payload, np.ndarray):
            arrays: dict[str, Array] = (
                {} if pending.part is not None and not pending.with_pixels else {"image": payload}
            )
            facts = None
            if pending.part is not None:
                of_part, facts = part_to_arrays(pending.part)
                arrays |= of_part
            try:
                block = Block.pack(self._next_block, arrays)
            except MemoryError as error:
                with self._changed:
                    self._table.pop(number)
                pending.request.fail(f"the image could not be handed to the engine ({error}); close other programs")
                return
            self._next_block += 1
            if pending.prompt is not None:
                channel.send(p.Show(number, block.spec, pending.key, pending.prompt, priority), block)
                return
            assert options is not None
            if facts is not None:
                channel.send(p.FuseAround(number, block.spec, pending.key, facts, options, priority), block)
            else:
                channel.send(p.Predict(number, block.spec, options, priority, pending.key), block)
        elif options is None:
            assert payload is None or isinstance(payload, str)
            channel.send(p.LoadModel(number, payload))
        else:
            channel.send(p.PredictFile(number, str(payload), options, priority, pending.key))
