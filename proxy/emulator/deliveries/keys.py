"""The key pair behind per-request webhooks: RS256 tokens and the key set that verifies them (reference, section 17).

The pair follows from the emulator's seed, so that the same calls give the same bytes. Whoever knows the seed
has the key: it proves nothing outside tests.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

import orjson
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from proxy.emulator.answers.chance import Chance
from proxy.emulator.state.identity import base64url

Json: TypeAlias = dict[str, Any]

EXPONENT: Final = 65537
PRIME_BYTES: Final = 128
"""Two primes of 1024 bits: the smallest key that verifiers accept."""

SIEVE_END: Final = 2000
"""Candidates with a smaller factor are passed over before the costly test; six of seven go that way."""

ROUNDS: Final = 12
"""Bases of the primality test. For numbers drawn at random even one leaves a chance below 2**-80."""

KEYS_KEPT: Final = 8
"""Key pairs kept, since one takes a fifth of a second: a process has one emulator, a test run some seeds."""

_SMALL: Final = [n for n in range(3, SIEVE_END, 2) if all(n % d for d in range(3, int(n**0.5) + 1))]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A signing key with its name."""

    private: rsa.RSAPrivateKey
    kid: str

    def token(self, claims: Json) -> str:
        """The claims as a signed JWT."""
        head = {"alg": "RS256", "kid": self.kid, "typ": "JWT"}
        signed = ".".join(base64url(orjson.dumps(part)) for part in (head, claims))
        signature = self.private.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{base64url(signature)}"

    def key_set(self) -> Json:
        """What `/.well-known/jwks.json` answers."""
        numbers = self.private.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "kid": self.kid,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }
        return {"keys": [key]}


@lru_cache(maxsize=KEYS_KEPT)
def key_pair(seed: int) -> KeyPair:
    """The key pair of that seed."""
    chance = Chance(seed, 0)  # requests count from 1
    p, q = _prime(chance), _prime(chance)
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    private = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(EXPONENT, p * q),
    ).private_key()
    return KeyPair(private, hashlib.sha256(b"%d" % (p * q)).hexdigest()[:40])


def _prime(chance: Chance) -> int:
    """A prime of full length, to which the exponent fits."""
    top = 3 << (8 * PRIME_BYTES - 2)
    while True:
        number = int.from_bytes(chance.data(PRIME_BYTES), "big") | top | 1
        if all(number % small for small in _SMALL) and number % EXPONENT != 1 and _is_prime(number):
            return number


def _is_prime(number: int) -> bool:
    """Miller and Rabin's test."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    odd = (number - 1) >> twos
    for base in (2, *_SMALL[: ROUNDS - 1]):
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def _number(value: int) -> str:
    return base64url(value.to_bytes(-(-value.bit_length() // 8), "big"))
