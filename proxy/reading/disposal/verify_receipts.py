"""Checks receipts of disposals, offline. Stands alone: this file, Python and the package cryptography.

    interactions-proxy receipts --json | python verify_receipts.py --key HEX

Each line is {"receipt": {...}, "key": HEX, "signature": HEX}; further fields are ignored. A line is good when
the signature (Ed25519) is over the receipt as JSON with keys by the alphabet, no spaces, ASCII; was made with
the key that you name; and the receipt does not claim more than its evidence shows. Without --key any key may
have signed: then only that nothing was altered is shown. Exit code: 0 all are good, 1 one is not, 2 wrong use.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROOF: Final = 2
"""Looks that found nothing; one alone may be wrong."""


def fault(line: str, key: str | None = None, interaction: str | None = None) -> str | None:
    """What is wrong with one receipt; None: nothing.

    Args:
        line: JSON.
        key: the public key that must have signed, hexadecimal.
        interaction: the id that it must be about.
    """
    try:
        told = json.loads(line)
        body, signer, signature = told["receipt"], told["key"], told["signature"]
        signed = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer)).verify(
            bytes.fromhex(signature), signed.encode()
        )
    except InvalidSignature:
        return "the signature is not over these words"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "this is no receipt"
    if key is not None and signer.lower() != key.lower():
        return "another key has signed"
    if not isinstance(body, dict):
        return "this is no receipt"
    if interaction is not None:
        digest = hashlib.sha256(interaction.encode()).hexdigest()
        if body.get("interaction_sha256") != digest:
            return "it is about another interaction"
    return _too_much(body)


def _too_much(body: dict[str, Any]) -> str | None:
    """A claim that the evidence in the same receipt does not carry."""
    if body.get("nothing_left") and (body.get("not_reached") or not body.get("is_verified")):
        return "it says that nothing is left, and names what is"
    if not body.get("is_verified"):
        return None
    evidence = body.get("evidence")
    named = evidence if isinstance(evidence, list) else []
    shown = [(one.get("what"), one.get("status")) for one in named if isinstance(one, dict)]
    if shown.count(("get", 404)) < PROOF:
        return "it says that the copy was seen to be gone, and names no two looks that show it"
    return None


def main(arguments: Iterable[str] | None = None) -> int:
    """Check the receipts of files, or of standard input."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--key", help="the public key that must have signed, hexadecimal")
    parser.add_argument("--id", help="the interaction that all must be about")
    parser.add_argument("file", nargs="*", type=Path, help="JSON lines; else standard input")
    given = parser.parse_args(None if arguments is None else list(arguments))
    texts = [file.read_text("utf-8") for file in given.file] or [sys.stdin.read()]
    lines = [line for text in texts for line in text.split("\n") if line.strip()]
    faults = [(n, fault(line, given.key, given.id)) for n, line in enumerate(lines, 1)]
    wrong = [(n, said) for n, said in faults if said is not None]
    for n, said in wrong:
        sys.stdout.write(f"receipt {n}: {said}\n")
    sys.stdout.write(f"{len(lines) - len(wrong)} of {len(lines)} receipts are good\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
