"""proxy/journal/segments/space.py: two thresholds of the disk, and a budget of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.journal.segments.space import UNLIMITED, Space, SpaceLimits, look

MORE_THAN_ANY_DISK = 1 << 62


@pytest.mark.parametrize(
    ("limits", "space", "reason"),
    [
        (UNLIMITED, Space.AMPLE, ""),
        (SpaceLimits(soft_bytes=MORE_THAN_ANY_DISK), Space.LOW, "below the soft threshold"),
        (SpaceLimits(hard_bytes=MORE_THAN_ANY_DISK), Space.SHORT, "below the hard threshold"),
        (SpaceLimits(budget_bytes=5000), Space.LOW, "half of its budget: is the recorder alive"),
        (SpaceLimits(budget_bytes=2999), Space.SHORT, "is the recorder alive"),
    ],
)
def test_too_little_room_has_a_name_and_a_reason(
    tmp_path: Path, limits: SpaceLimits, space: Space, reason: str
) -> None:
    (tmp_path / "a.seg").write_bytes(bytes(1000))
    (tmp_path / "b.seg").write_bytes(bytes(2000))

    room = look(tmp_path, limits)

    assert room.space is space
    assert reason in room.reason
    assert room.used_bytes == 3000
    assert room.free_bytes > 0


def test_a_folder_that_is_gone_is_no_room(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "gone", UNLIMITED)
