"""What can go wrong, named by what happens next. Nothing else belongs here.

MarginDebtError            one sentence: what, where, and what to do
├── UsageError             the command was asked for something it cannot do (exit 2)
│   ├── SettingsError      an environment variable or a folder must be fixed first
│   └── HistoryMissing     no history stands in the folder that was named; a HistoryInvalid, too
├── HistoryInvalid         a history folder breaks its format: the replay does not start
├── WarehouseBusy          another run holds the warehouse: wait, or name another home
├── RawUnreadable          a raw file is not whole: move it away and fetch its day again
├── ContractBroken         a model broke its own declaration: yesterday's table stays
└── VenueProblem           a venue's trouble: logged as data, the run goes on
    ├── VenueUnavailable   no usable answer (time-out, reset, 5xx, banned): try again later
    ├── VenueBlocked       403 or 451: this machine may not ask, do not try again
    ├── NeedsKey           the dataset exists, but only with a read-only key
    ├── NeedsAddresses     the dataset is asked about listed accounts, and none is listed
    └── PayloadUnreadable  the answer is not what the venue file declares: our parser is wrong

Too little history is not an error: it is a signal reading with the level `unknown`.
"""

from __future__ import annotations


class MarginDebtError(Exception):
    """A problem a person can act on; `str(error)` is one sentence with the remedy."""


class UsageError(MarginDebtError):
    """The command line asks for something that cannot be done."""


class SettingsError(UsageError):
    """An environment variable or a folder must be fixed before anything can run."""


class HistoryInvalid(MarginDebtError):
    """A history folder does not follow format version 1."""


class HistoryMissing(HistoryInvalid, UsageError):
    """There is no history in the folder that the command line names."""


class WarehouseBusy(MarginDebtError):
    """Another process writes to the warehouse of this home."""


class RawUnreadable(MarginDebtError):
    """A raw file cannot be read or written whole; nothing was taken from it."""


class ContractBroken(MarginDebtError):
    """A model's result broke what its header declares; the previous table was kept."""


class VenueProblem(MarginDebtError):
    """A venue did not give what was asked; recorded in the fetch log, never raised to the user."""


class VenueUnavailable(VenueProblem):
    """No usable answer now: time-out, reset, 5xx, rate limit, maintenance."""


class VenueBlocked(VenueProblem):
    """The venue refuses this machine (403, 451)."""


class NeedsKey(VenueProblem):
    """The dataset exists but only for an account."""


class NeedsAddresses(VenueProblem):
    """The dataset is asked about accounts that the settings list, and none is listed."""


class PayloadUnreadable(VenueProblem):
    """The venue answered something its file does not declare."""
