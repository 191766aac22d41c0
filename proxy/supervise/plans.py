"""What a supervisor is told to start, and what it tells once all of it serves."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """What the operator is told once everything serves."""

    url: str
    has_new_master_key: bool
    webhook_url: str | None = None
    """Where webhooks may be sent, if anywhere."""
    admin_url: str = ""
    """Where records may be asked."""
    ops_url: str | None = None
    """Where metrics are; None: nowhere."""


@dataclass(frozen=True, slots=True)
class Programs:
    """How the children are started. Tests put small fakes here."""

    gateway: tuple[str, ...] = (sys.executable, "-P", "-m", "proxy.gateway")
    recorder: tuple[str, ...] = (sys.executable, "-P", "-m", "proxy.recorder")
    steward: tuple[str, ...] = (sys.executable, "-P", "-m", "proxy.steward")
    door: tuple[str, ...] = (sys.executable, "-P", "-m", "proxy.door")
    shipper: tuple[str, ...] = (sys.executable, "-P", "-m", "proxy.fleet")
    # -P: a folder `proxy` in the operator's current folder must not be taken for ours.


@dataclass(frozen=True, slots=True)
class Stewardship:
    """What a steward is given besides the settings."""

    janitor_key: int | None = None
    """A descriptor to read it from; None: it has the file that the settings name, or none."""
    webhooks: socket.socket | None = None
