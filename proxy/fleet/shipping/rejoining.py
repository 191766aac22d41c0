"""Where a proxy goes on that was put back from a backup older than what it had shipped.

From there its vault goes on otherwise, at the very places that the engine has as shipped: the engine sees it by the
mark that it keeps with a position (naming.py). Up to where both say the same is found by asking the lake for what the
vault tells. What only the engine has stays there, the one record of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, NamedTuple

import duckdb

from proxy.errors import StoreError
from proxy.fleet.shipping.staging import is_copy
from proxy.store.erasing.scrubbing import ERASED
from proxy.store.position import VAULT_START, FactBatch, VaultPosition
from proxy.store.vault.reader import VaultReader

COMMITS: Final = 1000
"""Of the vault, for one question to the lake: some thousand names."""
TOLD_AGAIN: Final = frozenset({"erasure", ERASED})
"""Kinds of acts that the recorder tells a vault again (Eraser.resume), each with its id: few batches have one. What the
lake had with them it has: digests went with them, and the others were ordered to erase."""
_ENDS_SQL: Final = """
    WITH told AS (
        SELECT
            given.number,
            given.name IN (SELECT {name} FROM lake.{table} WHERE proxy = $proxy AND {name} IS NOT NULL) AS is_known
        FROM (SELECT unnest($numbers) AS number, unnest($names) AS name) AS given
    )

    SELECT min(number) FILTER (WHERE NOT is_known), max(number) FILTER (WHERE is_known) FROM told
"""


class _Told(NamedTuple):
    """What one commit tells, or several of which only the last tells of exchanges."""

    exchanges: tuple[str, ...]
    acts: tuple[str, ...]
    end: VaultPosition


def shared_position(
    reader: VaultReader, rows: duckdb.DuckDBPyConnection, proxy: str
) -> VaultPosition:
    """The end of the last commit up to which the lake has all that this vault tells.

    Raises:
        StoreError: the engine refused, or has what comes later, too: to go on would have that twice.
    """
    common, is_over = VAULT_START, False
    commits = map(_told, reader.follow(VAULT_START, 1))
    while some := list(islice(commits, COMMITS)):
        unknown, known = _ends(some, rows, proxy)
        if known is not None and (is_over or (unknown is not None and known >= unknown)):
            raise StoreError(
                f"the fleet has commits of this vault behind {common.file}:{common.offset}, but not the next one: "
                f"it is not the vault that was shipped as {proxy}; give this proxy a name and a vault of its own"
            )
        if not is_over:
            for one in some[:unknown]:
                if (
                    one.exchanges or one.acts
                ):  # what has no name may be new: rather again than never
                    common = one.end
        is_over = is_over or unknown is not None
    return common


def _told(batch: FactBatch) -> _Told:
    acts = (act.act for act in batch.acts if not is_copy(act))
    return _Told(
        tuple(each.recording.exchange.exchange for each in batch.exchanges),
        tuple(act for act in acts if act is not None),
        batch.position,
    )


def without_known(batch: FactBatch, rows: duckdb.DuckDBPyConnection, proxy: str) -> FactBatch:
    """But for acts that the lake has: a vault that was put back is told again of erasures that it did not know.

    Some time after it was put back, perhaps in another process: any batch that tells of an erasure is asked about.

    Raises:
        StoreError: the engine refused.
    """
    if not any(act.kind in TOLD_AGAIN for act in batch.acts):
        return batch
    names = [act.act for act in batch.acts if act.act is not None]
    try:
        found = rows.execute(
            "SELECT act FROM lake.acts WHERE proxy = ? AND act IN (SELECT unnest(?))",
            [proxy, names],
        ).fetchall()
    except duckdb.Error as error:
        raise StoreError(f"what the fleet has of this vault is not known: {error}") from error
    known = {act for (act,) in found}
    return replace(batch, acts=tuple(act for act in batch.acts if act.act not in known))


def _ends(
    some: Sequence[_Told], rows: duckdb.DuckDBPyConnection, proxy: str
) -> tuple[int | None, int | None]:
    """Which of these is the first with something that the lake has not, and the last with an exchange that it has."""
    exchanges = _numbered(one.exchanges for one in some)
    unknown, known = _asked(rows, proxy, ("exchanges", "exchange"), exchanges)
    act, _ = _asked(rows, proxy, ("acts", "act"), _numbered(one.acts for one in some))
    return min((each for each in (unknown, act) if each is not None), default=None), known


def _numbered(names: Iterator[tuple[str, ...]]) -> list[tuple[int, str]]:
    return [(number, name) for number, some in enumerate(names) for name in some]


def _asked(
    rows: duckdb.DuckDBPyConnection,
    proxy: str,
    where: tuple[str, str],
    numbered: Sequence[tuple[int, str]],
) -> tuple[int | None, int | None]:
    if not numbered:
        return None, None
    numbers, names = (list(each) for each in zip(*numbered, strict=True))
    statement = _ENDS_SQL.format(table=where[0], name=where[1])
    try:
        (found,) = rows.execute(
            statement, {"numbers": numbers, "names": names, "proxy": proxy}
        ).fetchall()
    except duckdb.Error as error:
        raise StoreError(f"what the fleet has of this vault is not known: {error}") from error
    unknown, known = found
    return unknown, known
