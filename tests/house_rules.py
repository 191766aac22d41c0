"""The numbers and names that the house rules go by; tests/test_house.py holds them."""

from __future__ import annotations

import re
from typing import Final

MAY_IMPORT: Final[dict[str, frozenset[str]]] = {
    # Imports point from later rooms to earlier ones, never back.
    "errors": frozenset(),
    "heap": frozenset(),
    "lifeline": frozenset(),
    "logs": frozenset(),
    "values": frozenset(),
    "config": frozenset({"errors"}),
    "interactions": frozenset({"errors", "values"}),
    "journal": frozenset({"errors"}),
    "gateway": frozenset({"errors", "lifeline", "logs", "config", "journal"}),
    "recording": frozenset({"errors", "values", "interactions", "journal"}),
    "store": frozenset({"errors", "journal", "recording"}),
    "audit": frozenset({"errors", "values", "interactions", "recording"}),
    "telemetry": frozenset(
        {"errors", "config", "values", "interactions", "journal", "recording", "store"}
    ),
    "console": frozenset(),
    "admin": frozenset(
        {"errors", "config", "interactions", "journal", "recording", "store", "audit", "console"}
    ),
    "recorder": frozenset(
        {
            "errors",
            "heap",
            "lifeline",
            "logs",
            "config",
            "values",
            "interactions",
            "journal",
            "recording",
            "store",
            "audit",
            "telemetry",
            "admin",
        }
    ),
    "steward": frozenset(
        {
            "errors",
            "lifeline",
            "logs",
            "config",
            "values",
            "interactions",
            "journal",
            "recording",
            "audit",
        }
    ),
    "door": frozenset(
        {
            *(
                "errors",
                "lifeline",
                "logs",
                "config",
                "interactions",
                "journal",
                "recording",
                "audit",
            ),
            # the frames that gateways speak, and how the recorder is asked
            *("gateway", "steward"),
        }
    ),
    "reading": frozenset(
        {"errors", "config", "interactions", "journal", "recording", "store", "audit"}
    ),
    "fleet": frozenset(
        {
            *("errors", "lifeline", "logs", "config", "journal", "recording", "store", "reading"),
            "steward",  # the files by which a shipper says whose turn it is
        }
    ),
    "emulator": frozenset({"errors", "interactions"}),
    "supervise": frozenset({"errors", "lifeline", "logs", "config", "journal", "telemetry"}),
    "demo": frozenset({"errors"}),
    "cli": frozenset(
        {
            "errors",
            "config",
            "supervise",
            "reading",
            "recorder",
            "emulator",
            "demo",
            "audit",
            "steward",
            "admin",
            "fleet",
        }
    ),
    "__main__": frozenset({"cli"}),
}
"""By room (or module on the ground floor): the other rooms it may import, anywhere in a file."""

GATEWAY_OUTSIDERS: Final = frozenset({"httptools", "uvloop"})
"""All that the hot path may load besides the standard library: every other import costs start-up,
memory and trust."""

DUCKDB_ROOMS: Final = frozenset({"store", "reading", "fleet"})
PURE_ROOMS: Final = frozenset({"interactions", "recording", "audit"})
IMPURE: Final = frozenset(
    [
        "asyncio",
        "io",
        "logging",
        "os",
        "pathlib",
        "random",
        "secrets",
        "shutil",
        "socket",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib.request",
        "aiohttp",
        "httptools",
    ]
)

BROAD_GUARDS: Final = frozenset(
    f"proxy/{name}.py"
    for name in (
        *("gateway/__main__", "recorder/__main__", "recorder/meaning", "emulator/emulator"),
        "telemetry/traces/follow",
    )
)
"""The top of each process may catch everything, and what keeps one request from stopping all."""

MODULE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 60
PARAMETERS_MAX: Final = 7
ROOM_MODULES_MAX: Final = 8

BANNED_WORDS: Final = frozenset(
    ["utils", "util", "helpers", "helper", "common", "misc", "manager", "service", "processor"]
)
MACHINE_PATHS: Final = re.compile(r"/(?:work|root|home/\w+)/")
