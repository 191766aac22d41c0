"""The stand-alone tool that checks receipts."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proxy.audit.ledger.receipt import canonical
from proxy.reading.disposal import verify_receipts
from proxy.reading.disposal.verify_receipts import fault, main

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw().hex()
LOOKS = [{"what": "get", "status": 404}] * 2
GOOD = {"is_verified": True, "nothing_left": True, "not_reached": [], "evidence": LOOKS}


def signed(**body: Any) -> str:
    whole = {**GOOD, **body}
    signature = KEY.sign(canonical(whole)).hex()
    return json.dumps(
        {"receipt": whole, "key": PUBLIC, "signature": signature, "interaction": "v1_a"}
    )


def test_a_receipt_as_it_was_signed_is_good() -> None:
    assert fault(signed(), PUBLIC) is None


def test_a_word_that_was_altered_is_found() -> None:
    assert fault(signed().replace("404", "200")) == "the signature is not over these words"


def test_another_key_or_another_interaction_is_told() -> None:
    assert fault(signed(), "00" * 32) == "another key has signed"
    assert fault(signed(interaction_sha256="?"), None, "v1_a") == "it is about another interaction"


def test_a_receipt_must_not_claim_more_than_it_shows() -> None:
    assert "names no two looks" in str(fault(signed(evidence=LOOKS[:1])))
    assert "names what is" in str(fault(signed(not_reached=[{"kind": "abuse_log"}])))
    assert fault(signed(is_verified=False, nothing_left=False, evidence=[])) is None


@pytest.mark.parametrize(
    "line", ["", "3", "{}", "[1]", '{"receipt": {}, "key": "zz", "signature": 1}']
)
def test_what_is_no_receipt_is_called_so(line: str) -> None:
    assert fault(line) == "this is no receipt"


def test_files_are_checked_line_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "receipts.jsonl"
    file.write_text(signed() + "\n\n" + signed().replace("404", "403") + "\n")

    assert main(["--key", PUBLIC, str(file)]) == 1
    assert capsys.readouterr().out == (
        "receipt 2: the signature is not over these words\n1 of 2 receipts are good\n"
    )


def test_it_needs_nothing_of_ours() -> None:
    tree = ast.parse(Path(verify_receipts.__file__).read_text())
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {
        one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names
    }

    assert {name.split(".")[0] for name in names} <= {*sys.stdlib_module_names, "cryptography"}
