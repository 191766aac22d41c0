"""Run by an interpreter that has pymerkle: do these entries begin with those of a held root? A line each."""

from __future__ import annotations

import base64
import json
import sys

from pymerkle import InmemoryTree  # type: ignore[import-not-found]

for line in sys.stdin:
    asked = json.loads(line)
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries([base64.b64decode(one) for one in asked["entries"]])
    problem = ""
    if tree.get_size() < asked["size"]:
        problem = "too few"
    elif tree.get_state(asked["size"]) != bytes.fromhex(asked["root"]):
        problem = "another root"
    print(json.dumps(problem), flush=True)  # the answer
