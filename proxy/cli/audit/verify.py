"""The verb `verify`: is every record there, as it was signed; and evidence for people who have no proxy."""

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
        "--evidence",
        metavar="EXCHANGE",
        action="append",
        default=[],
        help="write evidence about this exchange (more than one: again); check it with --bundle",
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
    if parsed.bundle is None:
        _complete(parsed)
    elif parsed.vkey is None:
        raise StoreError("say with --vkey whose signature counts: a bundle brings no key")
    if parsed.evidence:
        return _write_evidence(parsed)
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


def _write_evidence(parsed: Arguments) -> int:
    from proxy.reading.verifying.evidence import evidence_of

    if parsed.vault is None:
        raise StoreError("say with --vault where the records are")
    print(evidence_of(parsed.trail, parsed.vault, set(parsed.evidence)))
    return DONE


VERIFY: Final = (
    Verb(
        "verify",
        "check that every record is there, as it was signed, or declared",
        "interactions-proxy verify --since checkpoint.txt",
        _arguments,
        _run,
    ),
)
