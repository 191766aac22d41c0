from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from proxy.admin.seeing.proof import BUNDLES_MAX, SignedLog
from proxy.audit.trail.leaves import RecordedExchange, exchange_leaf
from proxy.audit.trail.merkle import TILE_WIDTH, leaf_hash, root_from_inclusion
from proxy.audit.trail.note import Checkpoint, Signer, Verifier
from proxy.recorder.trail.files import TrailFiles
from proxy.store.asking.lending import LentTables
from proxy.store.position import VaultPosition
from tests.admin.seeing.test_sheet import vault
from tests.admin.served import served
from tests.store.samples import SECOND_NS, START_NS

START_S = START_NS // SECOND_NS
SIGNER = Signer("log.example", b"s" * 32)


def leaf(sequence: int, at_s: int, manifest: bytes = b"m") -> bytes:
    return exchange_leaf(RecordedExchange(0, 10, sequence, 1, False, at_s, b"k" * 32, manifest))  # noqa: FBT003 - a tuple


def signed(folder: Path, leaves: list[bytes]) -> Path:
    files = TrailFiles(folder / "trail", SIGNER)
    files.add(leaves, VaultPosition("20261118-000001", 9))
    files.write()
    files.sign(START_NS)
    return folder / "trail"


def name(sequence: int) -> str:
    return f"x0-{10:016x}-{sequence}"


@pytest.mark.parametrize("sequence", [1, 256, 257, 600])
def test_a_proof_leads_to_the_root_that_was_signed(tmp_path: Path, sequence: int) -> None:
    log = SignedLog(signed(tmp_path, [leaf(each, START_S + each) for each in range(1, 601)]))

    told = log.proven(name(sequence), START_S + sequence)

    checkpoint = Checkpoint.decode(Verifier.decode(log.vkey).opened(log.note))
    entry, proof = b64decode(told["entry"]), [b64decode(each) for each in told["proof"]]
    assert told["index"] == sequence - 1
    assert json.loads(entry)["sequence"] == sequence
    root = root_from_inclusion(leaf_hash(entry), told["index"], checkpoint.size, proof)
    assert root == checkpoint.root


def test_a_leaf_that_was_committed_late_is_found_near_its_time_and_no_further(
    tmp_path: Path,
) -> None:
    count = (BUNDLES_MAX + 2) * TILE_WIDTH
    leaves = [leaf(each, START_S + each) for each in range(1, count + 1)]
    leaves[3 * TILE_WIDTH] = leaf(count + 1, START_S)
    leaves[-1] = leaf(count + 2, START_S)
    log = SignedLog(signed(tmp_path, leaves))

    assert log.proven(name(count + 1), START_S)["index"] == 3 * TILE_WIDTH
    assert log.proven(name(count + 2), START_S)["index"] is None


def test_what_lies_in_dropped_bundles_is_told_as_not_found(tmp_path: Path) -> None:
    folder = signed(tmp_path, [leaf(each, START_S + each) for each in range(1, 601)])
    (folder / "tile/entries/000").unlink()
    log = SignedLog(folder)

    assert log.proven(name(1), START_S)["index"] is None
    assert log.proven(name(600), START_S + 600)["index"] == 599


async def test_the_exchanges_of_an_interaction_come_with_record_and_proof(
    tmp_path: Path, tables: LentTables
) -> None:
    path = "/v1/interactions/v1_one/proof"
    async with served(tmp_path, tables, vault) as listener:
        sheet = (await listener.ask("/v1/interactions/v1_one/sheet", listener.local)).json()
        (exchange,) = sheet["exchanges"]
        unsigned = await listener.ask(path, listener.local)
        manifest = exchange["raw_ref"].encode()
        _, boot, sequence = exchange["exchange"].split("-")
        record = (0, int(boot, 16), int(sequence), 1, False, START_S, b"k" * 32, manifest)
        signed(tmp_path, [exchange_leaf(RecordedExchange(*record))])
        told = (await listener.ask(path, listener.local)).json()
        nobody = await listener.ask("/v1/interactions/what%20he%20said/proof", listener.local)

    assert (unsigned.status, nobody.status) == (404, 404)
    (found,) = told["leaves"]
    assert (found["exchange"], found["index"], found["proof"]) == (exchange["exchange"], 0, [])
    digest = hashlib.sha256(b64decode(found["manifest"])).digest()
    assert json.loads(b64decode(found["entry"]))["manifest"] == b64encode(digest).decode()
    assert told["vkey"] == SIGNER.verifier.encode()
    assert listener.acts.told[-1].interaction == "(odd)"
