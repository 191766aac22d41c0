from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from proxy.audit.ledger.receipt import canonical
from proxy.steward.disposal.signing import Signer


def test_a_signature_holds_for_these_words_alone(tmp_path: Path) -> None:
    signed = Signer.load_or_create(tmp_path / "receipts.key").signed({"outcome": "unverifiable"})
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed["key"]))
    signature = bytes.fromhex(signed["signature"])

    key.verify(signature, canonical(signed["receipt"]))
    with pytest.raises(InvalidSignature):
        key.verify(signature, canonical({"outcome": "deleted_verified"}))


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "receipts.key"
    first, second = Signer.load_or_create(path), Signer.load_or_create(path)

    assert first.public == second.public
    assert path.stat().st_mode & 0o777 == 0o600
