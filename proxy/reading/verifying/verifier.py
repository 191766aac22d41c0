"""Check the trail of an Interactions Proxy. One file; needs Python 3.11 and `cryptography`, and nothing of the proxy.

    python verifier.py --trail DIR --vkey FILE [--since CHECKPOINT] [--vault DIR] [--keys DIR] [--json]
    python verifier.py --bundle FILE --vkey FILE
    python verifier.py --export DIR --vkey FILE

--trail  data/trail, or a copy: checkpoint, checkpoints, tile/ (C2SP tlog-tiles)
--vkey   the public key of the log, from somebody you trust: name+id+base64
--since  a checkpoint that you hold: a signed note, or the JSON line that the proxy gave away
--export a folder that `export --to` wrote, or a copy of one
--vault  data/vault: the records themselves; --keys data/keys/slots: whose keys are destroyed (no key is needed)

Exit code 0: everything is there, as it was, or declared. 1: it is not; each line says what. 2: wrong use.
What cannot be seen: that a worker's very last exchanges were never told to anybody, and who forged a whole log
whose checkpoints nobody held.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from pathlib import Path

from proxy.reading.exporting.checking import check_export
from proxy.reading.verifying.account import TOLD_MAX, Account, Findings
from proxy.reading.verifying.bundle import check_bundle
from proxy.reading.verifying.proofs import Refused, Roots, read_note, tree_root
from proxy.reading.verifying.records import check_vault
from proxy.reading.verifying.trail import (
    Tile,
    absent_bundles,
    check_absent,
    check_kept,
    check_since,
    check_upper_tiles,
    read_held,
    read_kept,
    read_tiles,
)


def check_trail(folder: Path, vkey: str, since: str | None, found: Findings) -> Account:
    """The files of a trail by themselves. Raises Refused: not even a signed checkpoint is there."""
    note = folder / "checkpoint"
    size, root = read_note(note.read_text("utf-8") if note.is_file() else "", vkey)
    # Behind `checkpoint`, in which order the log writes them the other way round.
    kept = read_kept(folder, vkey, found)
    if kept and size not in kept:
        found.fault(f"the checkpoint of {size} leaves is not among those that were kept")
    if kept and max(kept) > size:  # the proxy ended in between, or goes on meanwhile
        size, root = max(kept.items())
    held = None if since is None else read_held(since, vkey)
    roots = Roots([size, *kept, *([held.size] if held else [])])
    absent = absent_bundles(folder, size)
    account = Account()
    account.has_dropped = bool(absent)
    upper: list[bytes] = []
    for tile in read_tiles(folder, size, found):
        top = tree_root(tile.hashes) if len(tile.hashes) == 256 else None
        roots.take(tile.hashes, top)
        upper += [] if top is None else [top]
        take_entries(tile, account, found)
    check_absent(absent, size, account, found)
    if roots.count == size and roots.found[size] != root:
        found.fault("the tiles do not give the root of the checkpoint")
    check_upper_tiles(folder, upper, size, found)
    check_kept(kept, roots, found)
    if held is not None:
        check_since(held, roots, account, found)
    account.check_contiguity(found)
    found.counts.update({"leaves": size, "exchanges": account.exchange_count})
    return account


def take_entries(tile: Tile, account: Account, found: Findings) -> None:
    """What the entries of a tile say."""
    for number, entry in enumerate(tile.entries, tile.first):
        try:
            if entry is not None:
                account.take(number, json.loads(entry), found)
        except (KeyError, TypeError, ValueError):
            found.fault(f"leaf {number} is none that the proxy writes")


def main(arguments: list[str] | None = None) -> int:
    """Check what the arguments name. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Check the trail of an Interactions Proxy.")
    for name in ("trail", "vkey", "since", "vault", "keys", "bundle", "export"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    wanted = [given.trail, given.bundle, given.export]
    if given.vkey is None or sum(one is not None for one in wanted) != 1:
        parser.error("give --vkey and one of --trail, --bundle, --export")
    return check(given)


def check(given: argparse.Namespace) -> int:
    """As the arguments say. Returns the exit code."""
    found = Findings()
    try:
        vkey = given.vkey.read_text("utf-8")
        if given.bundle is not None:
            check_bundle(json.loads(given.bundle.read_text("utf-8")), vkey, found)
        elif given.export is not None:
            check_export(given.export, vkey, found)
        else:
            since = given.since.read_text("utf-8") if given.since else None
            account = check_trail(given.trail, vkey, since, found)
            if given.vault is not None:
                check_vault(given.vault, given.keys, account, found)
    except (Refused, OSError, KeyError, TypeError, ValueError, struct.error) as error:
        found.fault(str(error) or type(error).__name__)
    told = {
        "faults": found.fault_count,
        "counts": dict(found.counts),
        "notes": found.notes[:TOLD_MAX],
        "found": found.faults,
    }
    if given.json:
        sys.stdout.write(json.dumps(told) + "\n")
        return 1 if found.fault_count else 0
    lines = [f"note: {text}" for text in found.notes[:TOLD_MAX]]
    lines += [f"FAULT: {text}" for text in found.faults]
    lines.append(", ".join(f"{count} {name}" for name, count in sorted(found.counts.items())))
    is_well = found.fault_count == 0
    lines.append("everything is there, or declared" if is_well else f"{found.fault_count} faults")
    sys.stdout.write("\n".join([*lines, ""]))
    return 1 if found.fault_count else 0


if __name__ == "__main__":
    sys.exit(main())
