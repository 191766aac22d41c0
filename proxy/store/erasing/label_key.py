"""The key of the blind index of labels: one for good, under the master key."""

from __future__ import annotations

from pathlib import Path

from proxy.journal.keys import MasterKey
from proxy.recording.secrecy.equality import Equality
from proxy.store.vault.keys import FactsKeys


def label_index(keys_folder: Path, master: MasterKey) -> Equality:
    """What labels are indexed by; its key is made if there is none (data/keys/labels/index.key).

    Raises:
        KeyDestroyed: there is one that this master key does not open.
        OSError: the disk refused.
    """
    keys = FactsKeys(keys_folder / "labels", master)
    keys.make("index")
    return keys.equality("index")
