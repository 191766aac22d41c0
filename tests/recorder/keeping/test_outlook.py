from __future__ import annotations

from dataclasses import replace

from proxy.recorder.keeping.outlook import Outlook, warning

DAY_US = 86_400 * 1_000_000
WHOLE = Outlook(3, 0, 0, 20_000 * DAY_US, 20_055 * DAY_US)


def test_whoever_holds_hears_when_googles_copy_goes_and_that_ours_stays() -> None:
    assert warning(WHOLE) == (
        "Google's own copy expires in spite of this hold, between 2024-10-04 and 2024-11-28 (UTC); "
        "our own copy is whole and kept: `rescue` goes on from it, `export` hands it out"
    )


def test_what_our_copy_lacks_is_to_be_fetched_while_it_is_there() -> None:
    assert "2 of 3 turns were made outside this proxy: GET them" in warning(
        replace(WHOLE, unrecorded=2, unfinished=1)
    )
    assert "1 of 3 turns were not seen to end: a steward" in warning(replace(WHOLE, unfinished=1))


def test_of_what_is_not_at_google_no_date_is_said() -> None:
    told = warning(replace(WHOLE, earliest_us=None, latest_us=None))

    assert told.startswith("none of Google's copies is known to be there; our own copy is whole")
