"""An export, checked with the public key of the log and nothing else: every file there, as it was, and no other."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from proxy.reading.verifying.account import Findings
from proxy.reading.verifying.proofs import Refused, read_signed

EXPORT_NOTE = "export.note"
EXPORT_PURPOSE = "interactions-proxy/export/v1"
BLOCK_BYTES = 1 << 20
MANIFEST_NAME = re.compile(r"manifest-\d{6,}(?:-[0-9a-f]{8})?\.json")
ROWS_NAME = re.compile(r"day=\d{4}-\d\d-\d\d/[a-z_]+-\d+(?:-[0-9a-f]{8})?\.(?:parquet|jsonl)")


def check_export(folder: Path, vkey: str, found: Findings) -> None:
    """Raises Refused: there is no signed manifest. KeyError, TypeError, ValueError: it is none."""
    manifest = signed_manifest(folder, vkey)
    named = set()
    for one in manifest["files"]:
        name, size, sha256 = str(one["name"]), int(one["size"]), str(one["sha256"])
        if not ROWS_NAME.fullmatch(name):
            raise Refused(f"the manifest names a file that is none of an export: {name[:80]!r}")
        named.add(name)
        found.counts["files"] += 1
        found.counts["rows"] += int(one["rows"])
        try:
            is_same = digest_of(folder / name) == (size, sha256)
        except FileNotFoundError:
            found.fault(f"{name} is not there")
            continue
        if not is_same:
            found.fault(f"{name} is not what was signed")
    for path in sorted(folder.glob("day=*/*")):
        name = f"{path.parent.name}/{path.name}"
        if name not in named:
            text = "left by a run that was cut off, or put there: the next run removes it"
            found.fault(f"{name} is not named by the manifest: {text}")
    file, offset = manifest["vault"]
    found.notes.append(
        f"run {manifest['run']}, made at {manifest['made_at']} from the vault up to {file}:{offset}"
    )


def signed_manifest(folder: Path, vkey: str) -> dict[str, Any]:
    """What the note names. Raises Refused, OSError."""
    path = folder / EXPORT_NOTE
    if not path.is_file():
        raise Refused(f"there is no export in {folder}: {EXPORT_NOTE} is missing")
    lines = read_signed(path.read_text("utf-8", "replace"), vkey).split("\n")
    if len(lines) != 4 or lines[0] != EXPORT_PURPOSE or not MANIFEST_NAME.fullmatch(lines[1]):
        raise Refused(f"{EXPORT_NOTE} is signed, and not the note of an export")
    text = (folder / lines[1]).read_bytes()
    digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
    if (str(len(text)), digest) != (lines[2], lines[3]):
        raise Refused(f"{lines[1]} is not the manifest that was signed")
    manifest: dict[str, Any] = json.loads(text)
    return manifest


def digest_of(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of a file, read in blocks."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
