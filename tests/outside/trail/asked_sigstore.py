"""Run by an interpreter that has sigstore: is each entry, by its proof, in the tree of a held root? A line each."""

from __future__ import annotations

import base64
import json
import sys
from types import SimpleNamespace

from sigstore._internal.merkle import verify_merkle_inclusion  # type: ignore[import-not-found]
from sigstore.errors import VerificationError  # type: ignore[import-not-found]

for line in sys.stdin:
    asked = json.loads(line)
    problem = "too few" if len(asked["entries"]) < asked["size"] else ""
    proofs = zip(asked["entries"][: asked["size"]], asked["proofs"], strict=False)
    for index, (entry, proof) in enumerate(proofs):
        inclusion = SimpleNamespace(
            log_index=index,
            tree_size=asked["size"],
            root_hash=bytes.fromhex(asked["root"]),
            hashes=[bytes.fromhex(one) for one in proof],
        )
        inner = SimpleNamespace(
            inclusion_proof=inclusion, canonicalized_body=base64.b64decode(entry)
        )
        try:
            verify_merkle_inclusion(SimpleNamespace(_inner=inner))
        except VerificationError as error:
            problem = str(error)
    print(json.dumps(problem), flush=True)  # the answer
