"""How long the service keeps an interaction (reference, section 12.4)."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from proxy.errors import StartRefused

DAY_S: Final = 24 * 60 * 60

Tier: TypeAlias = Literal["free", "paid"]

FREE_DAYS: Final = 1
PAID_DAYS: Final = (7, 14, 28, 55)
"""What a paid project can choose from; the last is what it has if it does not choose."""


def retention_s(tier: Tier, days: int | None = None) -> int:
    """Seconds from the second in `created` to the one at which the interaction is gone.

    Polls, ends and later turns that build on it do not prolong it. (The service does not say when its
    period begins nor whether use prolongs it; this is the plainest reading.)

    Raises:
        StartRefused: the tier does not offer so many days.
    """
    offered = (FREE_DAYS,) if tier == "free" else PAID_DAYS
    chosen = offered[-1] if days is None else days
    if chosen not in offered:
        listed = ", ".join(str(number) for number in offered)
        raise StartRefused(
            f"the {tier} tier cannot keep interactions for {chosen} days: choose from {listed}"
        )
    return chosen * DAY_S
