"""Leases in the catalog: what one of the fleet does at a time. Each new holder has a higher token.

The catalog's clock ends them. Who holds one goes by his own: from before he asked, and shorter by a margin, so that
he stops before anybody else may begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.fleet.engine.link import Link

TURN_S: Final = 60.0
"""After so long a holder gives way to others that want it."""
_TAKE_SQL: Final = """
    INSERT INTO fleet.leases AS held (name, holder, token, until, since)
    VALUES (%(name)s, %(holder)s, 1, now() + make_interval(secs => %(for_s)s), now())
    ON CONFLICT (name) DO UPDATE SET
        holder = excluded.holder,
        token = held.token + (held.holder <> excluded.holder OR held.until < now())::int,
        until = excluded.until,
        since = CASE WHEN held.holder = excluded.holder AND held.until >= now()
            THEN held.since ELSE now() END,
        is_wanted = held.is_wanted AND held.holder = excluded.holder
    WHERE held.holder = excluded.holder OR held.until < now()
    RETURNING held.token, held.is_wanted, extract(epoch FROM now() - held.since)::float8
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """Held since the catalog said so."""

    name: str
    token: int
    is_wanted: bool
    """By somebody else."""
    held_s: float


def take(link: Link, name: str, holder: str, for_s: float) -> Lease | None:
    """Take it or hold on to it; None: somebody else has it, and knows now that it is wanted.

    Raises:
        StoreError: the catalog does not answer: what was held ends by itself.
    """
    given = {"name": name, "holder": holder, "for_s": for_s}
    if found := link.ask_named(_TAKE_SQL, given):
        token, is_wanted, held_s = found[0]
        return Lease(name, token, is_wanted, held_s)
    link.ask("UPDATE fleet.leases SET is_wanted = true WHERE name = %s AND NOT is_wanted", name)
    return None


def give_up(link: Link, lease: Lease, holder: str) -> None:
    """Others may have it at once. Raises StoreError."""
    link.ask(
        "UPDATE fleet.leases SET until = '-infinity', is_wanted = false "
        "WHERE name = %s AND holder = %s AND token = %s",
        lease.name,
        holder,
        lease.token,
    )
