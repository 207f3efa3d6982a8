"""What can go wrong between a program and its engine."""

from seamseg_studio.engine.errors import SeamsegError


class EngineError(SeamsegError):
    """The engine could not answer; the message is a sentence for a person."""


class ProtocolError(EngineError):
    """The two sides do not speak the same protocol."""
