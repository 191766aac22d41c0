"""A shipper put together from the settings of its proxy."""

from __future__ import annotations

import sys
import threading
import time
from typing import Final

from proxy.config.catalogue import Settings
from proxy.errors import StartRefused
from proxy.fleet.engine.link import EXTENSIONS, extension_file, required
from proxy.fleet.naming import Fleet, read_fleet
from proxy.fleet.shipping.following import Following, Home
from proxy.fleet.shipping.heeding import teller
from proxy.fleet.shipping.sealed import S3Shelf, Sealed
from proxy.journal.keys import FingerprintKey, MasterKey
from proxy.journal.slots import Keystore
from proxy.reading.sealed import open_vault
from proxy.steward.disposal.turn import since_boot_ns

_COMPARED: Final = b"the fingerprint key of a fleet"
"""No secret: what every proxy's key makes of it tells whether the keys are the same."""


def following_of(settings: Settings) -> Following:
    """Ready to run.

    Raises:
        StartRefused: the file or the extra is not as needed.
        StoreError: there are no keys in the data folder.
    """
    fleet = fleet_of(settings)
    data = settings.data_folder
    reader = open_vault(data, settings.master_key_file)
    # Of its own: the reader's is asked in the same thread, but for other keys.
    keystore = Keystore(data / "keys" / "slots", MasterKey.load_or_create(settings.master_key_file))
    vault = data / "vault"
    home = Home(
        vault=vault,
        run_folder=settings.run_folder,
        fingerprint=FingerprintKey.load_or_create(data / "keys" / "fingerprint.key").fingerprint(
            _COMPARED
        ),
        reader=reader,
        sealed=Sealed(S3Shelf(fleet.objects), fleet.proxy, vault, reader, keystore),
        tell=teller(settings.run_folder / "recorder.sock"),
        now_ns=time.time_ns,
    )
    return Following(fleet, home, since_boot_ns)


def fleet_of(settings: Settings) -> Fleet:
    """What `fleet.engine_file` says, once all that it needs is installed.

    Raises:
        StartRefused: it is not set, not right, or the extra is missing.
    """
    if settings.fleet_engine_file is None:
        raise StartRefused("there is no fleet: fleet.engine_file is not set")
    for name in EXTENSIONS:
        extension_file(name)
    for name in ("psycopg", "minio"):
        required(name)
    return read_fleet(settings.fleet_engine_file, settings.fleet_proxy_name)


def ship_once(settings: Settings) -> int:
    """The verb `ship`: all that is committed now, then leave. Returns the exit code.

    Raises:
        StartRefused: as `following_of`.
        StoreError: the engine does not answer; what was shipped stays shipped.
    """
    following = following_of(settings)
    try:
        following.round(threading.Event(), is_shipping_alone=True)
    finally:
        following.close()
    status = following.status
    sys.stdout.write(f"{status.exchanges:,} exchanges shipped as {status.proxy}\n")
    return 0
