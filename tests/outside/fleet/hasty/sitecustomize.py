"""Found by every Python that has this folder on its path: a shipper's leases are shorter by FLEET_HASTE, else nothing changes."""

from __future__ import annotations

import os
import sys

if "proxy.fleet" in sys.orig_argv:
    from proxy.fleet import turns

    for _name in ("LEASE_S", "MARGIN_S", "RENEW_S", "TURN_S"):
        setattr(turns, _name, getattr(turns, _name) / float(os.environ["FLEET_HASTE"]))
