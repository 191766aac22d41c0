"""Opening sealed content in this process: whoever owns the data folder owns its keys."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import duckdb.func
import duckdb.sqltypes

from proxy.errors import FormatError, KeyDestroyed, StoreError
from proxy.journal.keys import MasterKey
from proxy.journal.slots import Keystore
from proxy.store.erasing.tombstones import Tombstones
from proxy.store.sandbox.functions import numpy_not_needed
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.reader import VaultReader


def open_vault(
    data_folder: Path,
    master_file: Path | None = None,
    make: Callable[..., VaultReader] = VaultReader,
) -> VaultReader:
    """A reader of the vault in `data_folder`, made by `make`; reads only, and never makes a key.

    Raises:
        StoreError: nothing was recorded here, or the master key lies elsewhere.
    """
    keys = data_folder / "keys"
    master_path = master_file or keys / "master.key"
    if not master_path.exists():
        raise StoreError(
            f"no master key at {master_path}: nothing was recorded here yet, "
            "or keys.master_file lies elsewhere"
        )
    master = MasterKey.load_or_create(master_path)
    return make(
        data_folder / "vault",
        Keystore(keys / "slots", master),
        FactsKeys(keys / "facts", master),
        _tombstones(keys).is_condemned,
    )


def _tombstones(keys: Path) -> Tombstones:
    try:
        return Tombstones.open(keys)
    except (OSError, FormatError) as error:
        raise StoreError(f"what was erased is not known, so nothing is shown: {error}") from error


class Contents:
    """content(ref) and content_blob(ref) over one VaultReader, at which DuckDB's threads take turns."""

    def __init__(self, reader: VaultReader) -> None:
        self._reader = reader
        self._turn = threading.Lock()

    def blob(self, ref: str | None) -> bytes | None:
        """What a reference opens, or None where it was erased, damaged, or never one."""
        if ref is None:
            return None
        with self._turn:
            try:
                return self._reader.content(ref)
            except (KeyDestroyed, FormatError):
                return None

    def text(self, ref: str | None) -> str | None:
        """The redacted JSON of a step; None also for what is no text."""
        blob = self.blob(ref)
        try:
            return None if blob is None else blob.decode("utf-8")
        except UnicodeDecodeError:
            return None

    def add_to(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make both functions known to SQL."""
        gives = {"content": duckdb.sqltypes.VARCHAR, "content_blob": duckdb.sqltypes.BLOB}
        functions = {"content": self.text, "content_blob": self.blob}
        with numpy_not_needed():
            for name, function in functions.items():
                connection.create_function(
                    name,
                    function,
                    ["VARCHAR"],
                    gives[name],
                    null_handling=duckdb.func.FunctionNullHandling.SPECIAL,
                    side_effects=False,
                )
