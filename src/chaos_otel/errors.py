"""Every error of ours: a tree of classes, each with the exit status and the advice that go with
it."""

from __future__ import annotations


class ChaosOtelError(Exception):
    """The root. `hint` is a sentence of advice, `exit_code` what the command line leaves with."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}; {self.hint}" if self.hint else message


def in_words(error: BaseException) -> str:
    """What an error says, for the middle of a line: without a number, and never empty."""
    if isinstance(error, OSError) and error.strerror:
        words = error.strerror.lower()
        return f"{error.filename}: {words}" if error.filename else words
    return str(error) or type(error).__name__


class UsageError(ChaosOtelError):
    """The words of the call are wrong."""

    exit_code = 2


class ConfigError(ChaosOtelError):
    """A settings file or variable has a key or a value that does not fit."""


class StateError(ChaosOtelError):
    """A folder or a file of ours cannot be used: missing, foreign, full, read-only, a link."""


class StoreBusyError(StateError):
    """Others write to the store and have not come to their end in time: the same may work later."""


class StoreVersionError(StateError):
    """The store was made by a later version of ours: it is whole, and not for us."""


class ReportError(ChaosOtelError):
    """A report cannot be read or written."""


class MetricsError(ChaosOtelError):
    """Metrics cannot be given out: a folder, a port or a server cannot be used."""


class ConsentError(ChaosOtelError):
    """Something would have to leave this machine, and nobody has said that it may."""


class StartError(ChaosOtelError):
    """The command could not be started because of us: status 125, as `env` and `timeout` use it."""

    exit_code = 125


class UnsupervisedError(StartError):
    """The machine has nothing left to stay beside the command with: it was not started, and may
    still be run alone."""


class NotExecutableError(StartError):
    """The command is there and cannot be executed: status 126."""

    exit_code = 126


class NotFoundError(StartError):
    """The command is not there: status 127."""

    exit_code = 127
