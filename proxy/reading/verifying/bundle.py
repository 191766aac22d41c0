"""A file of evidence about single exchanges, checked with the public key of the log and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from proxy.reading.verifying.account import Findings, named, utc
from proxy.reading.verifying.proofs import Refused, leaf_hash, read_note, root_by_proof
from proxy.reading.verifying.records import manifest_parts


def check_bundle(bundle: Any, vkey: str, found: Findings) -> None:
    """Evidence about one interaction. Raises KeyError, TypeError or ValueError: not a bundle.

    `exchanges`: leaf, manifest and sealed records each; `acts`: leaf and sealed record each, by the first of the
    record's leaves that the bundle names. A part that is null is not there any more.
    """
    size, root = read_note(str(bundle["checkpoint"]), vkey)
    if not bundle["exchanges"]:
        raise Refused("the bundle is about no exchange")
    for one in bundle["exchanges"]:
        leaf = proven(one, size, root, found)
        name = named((int(leaf["worker"]), str(leaf["boot"]), int(leaf["sequence"])))
        manifest = base64.b64decode(one["manifest"], validate=True)
        if base64.b64encode(hashlib.sha256(manifest).digest()).decode() != leaf["manifest"]:
            found.fault(f"the manifest of {name} is not the one of its leaf")
            continue
        check_sealed(name, manifest, one["parts"], found)
        when = f"ended at {utc(int(leaf['at']))}"
        found.notes.append(f"{name} {when}: leaf {one['index']} of {size}")
        found.counts["exchanges"] += 1
    for one in bundle.get("acts", []):
        leaf = proven(one, size, root, found)
        if leaf["kind"] == "shredded":
            name = named((int(leaf["worker"]), str(leaf["boot"]), int(leaf["sequence"])))
            found.notes.append(f"the key of {name} was destroyed at {utc(int(leaf['at']))}")
            found.counts["shredded"] += 1
            continue
        sealed = base64.b64decode(one["record"], validate=True)
        if base64.b64encode(hashlib.sha256(sealed).digest()).decode() != leaf["record"]:
            found.fault(f"the record of leaf {one['index']} is not the one that was signed")
        if one["told"]["kind"] == "receipt":
            check_receipt(json.loads(one["told"]["data"]), found)
        found.notes.append(f"act {leaf['act']} at {utc(int(leaf['at']))}: leaf {one['index']}")
        found.counts["acts"] += 1


def proven(one: Any, size: int, root: bytes, found: Findings) -> dict[str, Any]:
    """The leaf, which is in the log as it stands there."""
    entry = base64.b64decode(one["entry"], validate=True)
    proof = [base64.b64decode(each, validate=True) for each in one["proof"]]
    try:
        is_in = root_by_proof(leaf_hash(entry), int(one["index"]), size, proof) == root
    except Refused:
        is_in = False
    if not is_in:
        found.fault(f"leaf {one['index']} is not in the log")
    leaf: dict[str, Any] = json.loads(entry)
    return leaf


def check_receipt(told: Any, found: Findings) -> None:
    """The signature is over the receipt, by the key that it names."""
    words = json.dumps(told["receipt"], sort_keys=True, separators=(",", ":")).encode()
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["key"]))
        key.verify(bytes.fromhex(told["signature"]), words)
    except InvalidSignature:
        found.fault("the signature of a receipt is not over these words")
        return
    found.counts["receipts"] += 1
    found.notes.append(f"a receipt signed by {told['key']}: compare that key with the proxy's")


def check_sealed(name: str, manifest: bytes, parts: list[str | None], found: Findings) -> None:
    """The sealed records are those of the manifest."""
    signed = [part[3] for part in manifest_parts(manifest)]
    if len(parts) != len(signed):
        found.fault(f"{len(signed)} sealed records of {name} were signed, {len(parts)} are here")
    for part, sha in zip(parts, signed, strict=False):
        if part is None:
            found.fault(f"a sealed record of {name} is not there any more")
        elif hashlib.sha256(base64.b64decode(part, validate=True)).digest() != sha:
            found.fault(f"a sealed record of {name} is not the one that was signed")
