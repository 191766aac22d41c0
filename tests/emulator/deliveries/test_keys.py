"""The key pair of per-request webhooks, checked by another implementation."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from proxy.emulator.deliveries.keys import key_pair


def unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verified(token: str, key_set: dict[str, Any]) -> Any:
    """The claims of a token, by a key of the set."""
    head, claims, signature = token.split(".")
    kid = orjson.loads(unpacked(head))["kid"]
    (key,) = [key for key in key_set["keys"] if key["kid"] == kid]
    modulus, exponent = (int.from_bytes(unpacked(key[name]), "big") for name in ("n", "e"))
    public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    signed = f"{head}.{claims}".encode()
    public.verify(unpacked(signature), signed, padding.PKCS1v15(), SHA256())
    return orjson.loads(unpacked(claims))


def test_a_token_is_verified_by_the_key_set() -> None:
    pair = key_pair(7)

    assert verified(pair.token({"aud": "x"}), pair.key_set()) == {"aud": "x"}
    assert pair.private.key_size == 2048


def test_a_changed_token_is_not() -> None:
    pair = key_pair(7)
    head, _, signature = pair.token({"aud": "x"}).split(".")
    other = base64.urlsafe_b64encode(b'{"aud":"y"}').decode().rstrip("=")

    with pytest.raises(InvalidSignature):
        verified(f"{head}.{other}.{signature}", pair.key_set())


def test_keys_follow_from_the_seed() -> None:
    key_pair.cache_clear()
    first = key_pair(7).key_set()
    key_pair.cache_clear()

    assert key_pair(7).key_set() == first
