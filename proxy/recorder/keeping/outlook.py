"""What somebody who places a hold has to know: until when Google's copies are there in spite of it, and what ours lack."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

UNKNOWN: Final = "Google's own copy expires in spite of this hold; until when cannot be said now"


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of all that a hold protects, its turns before included."""

    turns: int
    unrecorded: int
    """Made outside this proxy: nothing of them is here."""
    unfinished: int
    """Whose end nobody saw: a steward with their key fetches it."""
    earliest_us: int | None
    """The first of Google's copies may go then; None: none is known to be there."""
    latest_us: int | None
    """The last one is gone by then."""


def warning(outlook: Outlook) -> str:
    """One text: what goes in spite of the hold, whether our copy stands in for it, and what to do."""
    if outlook.earliest_us is None or outlook.latest_us is None:
        told = "none of Google's copies is known to be there"
    else:
        first, last = _day(outlook.earliest_us), _day(outlook.latest_us)
        told = f"Google's own copy expires in spite of this hold, between {first} and {last} (UTC)"
    if outlook.unrecorded:
        missing = f"{outlook.unrecorded} of {outlook.turns} turns were made outside this proxy"
        return f"{told}; our copy is not whole: {missing}: GET them through it while they are there"
    if outlook.unfinished:
        missing = f"{outlook.unfinished} of {outlook.turns} turns were not seen to end"
        ours = f"our copy is not whole: {missing}: a steward with their key fetches them, or GET them through the proxy"
        return f"{told}; {ours}"
    return (
        f"{told}; our own copy is whole and kept: `rescue` goes on from it, `export` hands it out"
    )


def _day(at_us: int) -> str:
    return (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=at_us)).strftime(
        "%Y-%m-%d"
    )
