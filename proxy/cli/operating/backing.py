"""The verbs `backup` and `restore`: a second copy of the record elsewhere."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

from proxy.cli.settings import add_settings, resolved
from proxy.cli.verb import DONE, FOUND_A_PROBLEM, Arguments, Verb


def _backup_arguments(verb: argparse.ArgumentParser) -> None:
    add_settings(verb)
    verb.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="a new folder, or this data's backup",
    )
    verb.add_argument("--json", action="store_true", help="one JSON object")


def _backup(parsed: Arguments) -> int:
    from proxy.reading.backing.taking import take

    settings = resolved(parsed).settings
    taken = take(settings.data_folder, parsed.to, master_file=settings.master_key_file)
    backup = taken.backup
    if parsed.json:
        print(json.dumps(backup.told() | {"written_bytes": taken.written_bytes}))
    else:
        known = (
            "exchanges" if backup.exchange_count is None else f"{backup.exchange_count} exchanges"
        )
        print(f"{known} as of {backup.at} in {parsed.to}; {taken.written_bytes} bytes written")
        print("The master key is not in it: keep that apart, without it a backup opens nothing.")
        if not backup.is_whole:
            print(
                "No proxy runs here: what its journals still hold is not in it. Serve once, and again."
            )
    return DONE if backup.is_whole else FOUND_A_PROBLEM


def _restore_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="FOLDER", help="a backup"
    )
    verb.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="a new data folder"
    )
    verb.add_argument(
        "--master-key",
        type=Path,
        required=True,
        metavar="FILE",
        help="the key it was recorded under",
    )
    newer = verb.add_mutually_exclusive_group(required=True)
    newer.add_argument(
        "--erasures", type=Path, metavar="FILE", help="the newest keys/erasures.log that there is"
    )
    newer.add_argument(
        "--no-newer-erasures",
        action="store_true",
        help="nothing was erased since the backup: what was is readable again otherwise",
    )
    verb.add_argument("--json", action="store_true", help="one JSON object")


def _restore(parsed: Arguments) -> int:
    from proxy.reading.backing.restoring import restore

    done = restore(parsed.source, parsed.data, parsed.master_key, parsed.erasures)
    if parsed.json:
        erased = {"erasures": done.erasure_count, "exchanges_erased": done.exchange_count}
        print(json.dumps({"taken_at": done.backup.at} | erased))
    else:
        print(f"{parsed.data} is as of {done.backup.at}; {done.erasure_count} erasures hold in it")
        print(
            f"next: interactions-proxy serve --data {parsed.data}, then interactions-proxy verify"
        )
    return DONE


BACKING: Final = (
    Verb(
        "backup",
        "bring a mirror of the record up to date, while the proxy runs",
        "interactions-proxy backup --to /mnt/backup/interactions",
        _backup_arguments,
        _backup,
    ),
    Verb(
        "restore",
        "make a data folder from a backup; what was erased stays erased",
        "interactions-proxy restore --from /mnt/backup/interactions --data data "
        "--master-key master.key --erasures erasures.log",
        _restore_arguments,
        _restore,
    ),
)
