"""A newer SDK than the matrix tests is told of, an older one is not."""

from __future__ import annotations

import pytest

from tests.outside.newest import newer

TESTED = ("1.55.0", "1.75.0", "2.0.0", "2.34.0", "3.4.0")


@pytest.mark.parametrize(
    ("released", "told"),
    [
        (("3.4.0", "3.3.0", "2.34.0", "1.75.0"), []),
        (("3.4.1", "3.10.0", "3.9.9"), ["3.10.0"]),
        (("2.34.1", "3.4.0"), ["2.34.1"]),
        (("1.99.0",), []),
        (("4.0.0", "4.1.0", "3.5.0"), ["3.5.0", "4.1.0"]),
        ((), []),
    ],
    ids=["none", "newest 3.x", "newest 2.x", "old majors rest", "a new major", "offline"],
)
def test_the_newest_of_each_living_major_version_is_told(
    released: tuple[str, ...], told: list[str]
) -> None:
    assert newer(TESTED, released) == told
