"""Errors that a person reads: each message says what happened, to which file, and what to do."""


class SeamsegError(Exception):
    """Base of every error this program raises for a person to read; `str(error)` is one sentence."""


class InputError(SeamsegError):
    """The command line or its inputs make the whole run pointless (exit code 2)."""
