"""content(ref) in questions to a fleet: opened where this proxy has the key, and said whose key it is where not.

A reference names a place in one vault, so in a fleet it begins with the proxy: eu-1/20261123-000001:4711#2. What is
this proxy's own comes from its vault, or, where that is lost and the keys are not, from the objects.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.errors import FormatError, StoreError
from proxy.fleet.engine.catalog import OBJECTS
from proxy.fleet.engine.link import attached, books_of
from proxy.fleet.naming import Fleet, identity
from proxy.fleet.shipping.sealed import S3Shelf
from proxy.journal.format import Codec, ExchangeId
from proxy.reading.sealed import Contents, open_vault
from proxy.store.vault.format import RecordHeader, RecordKind, Ref
from proxy.store.vault.reader import VaultReader

NOT_OPENED: Final = "not_opened"
"""The only name in the JSON that content(ref) gives instead of a content whose key is elsewhere."""
_OBJECT_SQL: Final = f"""
    SELECT exchange, kind, codec, ordinal, payload_bytes, digest
    FROM lake.main.{OBJECTS}
    WHERE proxy = ? AND ref = ?
    LIMIT 1
"""  # noqa: S608 - a name of our own

Fetch = Callable[[Ref], tuple[RecordHeader, bytes]]
"""A record of the vault by its place. Raises FormatError: there is none."""


def whose(ref: str) -> tuple[str, str]:
    """The proxy that a fleet's reference names ("": none), and the reference in that proxy's vault."""
    proxy, _, own = ref.rpartition("/")
    return proxy, own


class ObjectReader(VaultReader):
    """The vault's records, from their objects in the fleet's storage."""

    def __init__(self, fetch: Fetch, *given: Any) -> None:
        """`given`: as VaultReader."""
        super().__init__(*given)
        self._fetch = fetch

    def _record(self, ref: Ref) -> tuple[RecordHeader, bytes]:
        return self._fetch(ref)


class FleetContents(Contents):
    """content(ref) and content_blob(ref) where references begin with a proxy."""

    def __init__(self, proxy: str, reader: VaultReader | None) -> None:
        """`reader` opens what `proxy` recorded; None: no key is here."""
        self._proxy = proxy
        self._own = None if reader is None else Contents(reader)
        self.elsewhere: Counter[str] = Counter()
        """By proxy: how often something was asked for whose key is there."""

    def blob(self, ref: str | None) -> bytes | None:
        """What a reference opens; None where it was erased, damaged, never one, or its key is elsewhere."""
        if ref is None or self._holder(ref) is not None:
            return None
        return None if self._own is None else self._own.blob(whose(ref)[1])

    def text(self, ref: str | None) -> str | None:
        """The redacted JSON of a step; where its key is elsewhere, a JSON object that says so."""
        holder = None if ref is None else self._holder(ref)
        if holder is not None:
            return json.dumps({NOT_OPENED: f"its key is at proxy {holder}: ask there"})
        return super().text(ref)

    def _holder(self, ref: str) -> str | None:
        """The other proxy that has the key; counted."""
        proxy, _ = whose(ref)
        if not proxy or (proxy == self._proxy and self._own is not None):
            return None
        self.elsewhere[proxy] += 1
        return proxy

    def said(self) -> str | None:
        """For people, after an answer: what was not opened, and where it can be."""
        if not self.elsewhere:
            return None
        places = ", ".join(
            f"{proxy} ({count:,})" for proxy, count in sorted(self.elsewhere.items())
        )
        return f"contents that were not opened, since their keys are at other proxies: {places}"


@contextmanager
def contents_at(
    fleet: Fleet, data_folder: Path, master_file: Path | None = None
) -> Iterator[FleetContents]:
    """What opens here. Where no keys are, nothing does, and each content says where its key is.

    Raises:
        StartRefused: the extra is not installed.
        StoreError: what was erased here is not known, or the engine does not answer.
    """
    if not (master_file or data_folder / "keys" / "master.key").exists():
        yield FleetContents(fleet.proxy, None)
        return
    with ExitStack() as stack:
        reader: VaultReader | None = None
        vault = identity(data_folder / "vault")
        known = books_of(fleet, "SELECT vault FROM fleet.proxies WHERE proxy = %s", fleet.proxy)
        if vault is not None and known == [(vault,)]:
            reader = stack.enter_context(closing(open_vault(data_folder, master_file)))
        elif (
            known
        ):  # another vault, or none: what the keys open is certain by the name of each exchange
            fetch = stack.enter_context(closing(_Objects(fleet)))
            make = partial(ObjectReader, fetch)
            reader = stack.enter_context(closing(open_vault(data_folder, master_file, make)))
        yield FleetContents(fleet.proxy, reader)


class _Objects:
    """A Fetch from the storage. Over a DuckDB of its own: a function within a question cannot ask in the same."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._shelf = S3Shelf(fleet.objects)
        self._rows: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        if self._rows is not None:
            self._rows.close()

    def __call__(self, ref: Ref) -> tuple[RecordHeader, bytes]:
        """Raises FormatError, StoreError."""
        if self._rows is None:
            self._rows = attached(self._fleet, is_read_only=True)
        try:
            found = self._rows.execute(_OBJECT_SQL, [self._fleet.proxy, str(ref)]).fetchone()
        except duckdb.Error as error:
            raise StoreError(f"the fleet's objects are not known: {error}") from error
        if found is None:
            raise FormatError(f"there is no object of {ref}: it was erased, or never shipped")
        payload = self._shelf.get(f"sealed/{self._fleet.proxy}/{found[-1]}")
        return header_of(found, payload), payload


def header_of(row: Sequence[Any], payload: bytes) -> RecordHeader:
    """The record's header, from the object's row (exchange, kind, codec, ordinal, payload_bytes, digest).

    Raises:
        FormatError: the object is not the one that its row names, or the row is none of ours.
    """
    exchange, kind, codec, ordinal, payload_bytes, digest = row
    if hashlib.sha256(payload).hexdigest() != digest:
        raise FormatError(f"the object {digest} is another one")
    try:
        named = ExchangeId.parse(exchange)
        return RecordHeader(
            payload_bytes, 0, RecordKind[kind.upper()], Codec(codec), ordinal, named
        )
    except (KeyError, ValueError) as error:
        raise FormatError(f"the row of the object {digest} says {error}") from error
