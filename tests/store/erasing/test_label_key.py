from __future__ import annotations

from pathlib import Path

import pytest

from proxy.errors import KeyDestroyed
from proxy.journal.keys import MasterKey
from proxy.recording.secrecy.labels import label_mac
from proxy.store.erasing.label_key import label_index


def test_a_label_has_one_digest_for_good(tmp_path: Path) -> None:
    master = MasterKey(bytes(32))

    first = label_mac(label_index(tmp_path, master), "user=alice")

    assert first is not None
    assert label_mac(label_index(tmp_path, master), "user=alice") == first


def test_another_master_key_cannot_use_it(tmp_path: Path) -> None:
    label_index(tmp_path, MasterKey(bytes(32)))

    with pytest.raises(KeyDestroyed):
        label_index(tmp_path, MasterKey(b"x" * 32))
