"""Every exception that somebody catches separately. Ground floor: imports nothing, carries plain values."""

from __future__ import annotations


class ProxyError(Exception):
    """The root: our own expected failures. Its text says what happened, with which values, and the way out."""


class ConfigError(ProxyError):
    """The settings cannot be used. Raised before anything listens; shown to the operator, exit code 2."""


class StartRefused(ProxyError):
    """The world is not as needed (port taken, folder not writable, data locked). Exit code 3."""


class JournalUnavailable(ProxyError):
    """The journal cannot take records now. strict refuses what was not sent yet; available counts a gap."""


class JournalFull(JournalUnavailable):
    """The disk or the journal's budget is used up: nothing begins, and of what is in flight only ends are taken."""


class KeyDestroyed(ProxyError):
    """The data key of an exchange is gone (erased or never durable): its content cannot be opened, ever."""


class SlotsMissing(KeyDestroyed):
    """The whole slot file is not there. A living writer restores it: wait; if nobody does, the keys are gone."""


class FormatError(ProxyError):
    """Bytes on disk are not what the format says. The reader stops at that place and reports it."""


class StoreError(ProxyError):
    """DuckDB or the vault refused. The recorder reopens and replays from the last commit."""


class PositionUnknown(StoreError):
    """The vault does not know a follower's position: the follower starts over at its beginning."""
