"""What may change while the proxy runs, and what needs a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from proxy.config.catalogue import CATALOGUE, Settings

FIXED: Final = (
    "data.folder",  # records and keys lie there
    "keys.master_file",  # the recorder opens with it what the gateways seal
    "listen.address",  # the sockets are open, and clients know them
    "listen.port",
    "gateway.workers",  # one listening socket each
    "ops.address",
    "ops.port",
    "steward.credential_file",  # whether there is a steward
    "door.policy_file",  # whether there is a door; what stands in the file is read again
    "fleet.engine_file",  # whether there is a shipper
    "fleet.proxy_name",  # for good
    "webhook.listen",
    "webhook.address",
    "webhook.port",
    "admin.address",
    "admin.port",
)


def merged(running: Settings, read: Settings) -> tuple[Settings, list[str]]:
    """The settings to go on with, and the names of those that differ but need a restart."""
    kept = {CATALOGUE[name].attribute: name for name in FIXED}
    differing = [
        name
        for attribute, name in kept.items()
        if getattr(running, attribute) != getattr(read, attribute)
    ]
    unchanged = {attribute: getattr(running, attribute) for attribute in kept}
    return replace(read, **unchanged), differing
