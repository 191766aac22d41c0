"""What befalls a fleet while its clients go on: cables cut, processes killed, the engine without power."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from tests.end_to_end.programs import look_until
from tests.outside.fleet.stage import Fleet, Member

PAUSE_S: Final = 0.3
"""Between two questions of one client."""
BLINK_S: Final = 1.0
"""A cut that is over before anybody noticed."""


@contextmanager
def clients(members: list[Member]) -> Iterator[None]:
    """One for each proxy, who asks all the time. What had no answer may have been recorded or not."""
    is_over = threading.Event()
    with ThreadPoolExecutor(len(members)) as pool:
        asking = [pool.submit(_ask_on, member, is_over) for member in members]
        try:
            yield
        finally:
            is_over.set()
    for each in asking:
        each.result()


def _ask_on(member: Member, is_over: threading.Event) -> None:
    number = 0
    while not is_over.wait(PAUSE_S):
        number += 1
        with contextlib.suppress(OSError, http.client.HTTPException):  # it is being killed
            member.create(f"question {number} to {member.name}, come what may")


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
