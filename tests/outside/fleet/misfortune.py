"""What befalls a fleet while its clients go on: cables cut, processes killed, the engine without power."""

from __future__ import annotations

import os
import random
import signal
import threading
from typing import Final

from tests.end_to_end.programs import look_until
from tests.outside.fleet.stage import Fleet

BLINK_S: Final = 1.0
"""A cut that is over before anybody noticed."""


def befall(fleet: Fleet, drawn: random.Random) -> None:
    """One round: each kind once, at a member drawn for it."""
    members = drawn.sample(fleet.members, len(fleet.members)) * 4
    unlinked, unstored, killed, dark = members[:4]
    ways = (unlinked.place.to_catalog, unstored.place.to_storage)
    try:
        for way in ways:
            way.cut()
        for process in killed.shippers():
            os.kill(process, signal.SIGKILL)
        dark.lose_power()
        dark.proxy.start_again()
        for member in {each.name: each for each in (unlinked, unstored)}.values():
            look_until(member.problem, f"that {member.name} notices its cut link")
    finally:
        for way in ways:
            way.mend()
    fleet.catalog.stop()
    look_until(killed.problem, f"that {killed.name} notices that the engine is away")
    fleet.catalog.start()
    for way in (killed.place.to_storage, dark.place.to_catalog):
        way.cut()
        threading.Event().wait(BLINK_S)
        way.mend()
    for member in fleet.members:
        try:
            look_until(member.follows, f"that {member.name} follows again")
        except AssertionError as error:
            raise AssertionError(f"{error}: {member.proxy.program.log_tail()}") from None
