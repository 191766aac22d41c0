"""The verbs `verify` and `evidence`: is every record there, as it was signed; and proof of it for other people."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import DONE, FOUND_A_PROBLEM, Arguments, Verb
from proxy.errors import StoreError


def _arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument("--json", action="store_true", help="one JSON object")
    verb.add_argument("--trail", type=Path, help="the trail, if it is not the one of --data")
    verb.add_argument("--vkey", type=Path, help="the log's public key, from somebody you trust")
    verb.add_argument("--since", type=Path, help="a checkpoint that you hold")
    verb.add_argument("--vault", type=Path, help="the records, if not those of --data")
    verb.add_argument("--keys", type=Path, help="the key slots, if not those of --data")
    verb.add_argument("--bundle", type=Path, help="check a file of evidence instead of a trail")
    verb.add_argument(
        "--export", type=Path, metavar="FOLDER", help="check a folder that `export --to` wrote"
    )
    verb.add_argument(
        "--standalone",
        action="store_true",
        help="write the verifier as one Python file that needs `cryptography` only",
    )


def _run(parsed: Arguments) -> int:
    from proxy.reading.verifying.joined import joined_verifier
    from proxy.reading.verifying.verifier import check

    if parsed.standalone:
        sys.stdout.write(joined_verifier())
        return DONE
    if parsed.bundle is None and parsed.export is None:
        _complete(parsed)
    elif parsed.vkey is None:
        raise StoreError("say with --vkey whose signature counts: what is checked brings no key")
    return FOUND_A_PROBLEM if check(parsed) else DONE


def _complete(parsed: Arguments) -> None:
    """What is not named is that of the data folder; a trail from elsewhere is checked by itself."""
    is_own = parsed.trail is None
    if is_own:
        data = resolved(parsed).settings.data_folder
        parsed.trail = data / "trail"
        parsed.vault = parsed.vault or data / "vault"
        parsed.keys = parsed.keys or data / "keys" / "slots"
    parsed.vkey = parsed.vkey or parsed.trail / "trail.vkey"
    if not (parsed.trail / "checkpoint").is_file():
        raise StoreError(f"there is no trail in {parsed.trail}: nothing was recorded there yet")


def _evidence_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument(
        "name", metavar="ID", help="Google's id of an interaction, its beginning, or an exchange"
    )


def _evidence(parsed: Arguments) -> int:
    from proxy.reading.evidence import evidence_about

    settings = resolved(parsed).settings
    print(evidence_about(settings.data_folder, settings.master_key_file, parsed.name))
    return DONE


VERIFY: Final = (
    Verb(
        "verify",
        "check that every record is there, as it was signed, or declared",
        "interactions-proxy verify --since checkpoint.txt",
        _arguments,
        _run,
    ),
    Verb(
        "evidence",
        "one interaction with its proofs, holds and receipts, for people who have no proxy",
        "interactions-proxy evidence v1_Chd",
        _evidence_arguments,
        _evidence,
    ),
)
