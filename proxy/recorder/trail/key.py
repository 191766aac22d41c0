"""The key that signs checkpoints: data/keys/trail.key, for the recorder alone; its public half lies in the trail."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from proxy.audit.trail.note import Signer
from proxy.errors import FormatError, StoreError
from proxy.journal.disk import make_folder, sync_folder, write_all

KEY_FILE: Final = "trail.key"
_SECRET_BYTES: Final = 32


def load_or_create_signer(keys_folder: Path) -> Signer:
    """The log's key; made, mode 0600 and durable, with a random name if there is none.

    Raises:
        StoreError: the file is there and holds no such key.
        OSError: it cannot be read or made.
    """
    path = keys_folder / KEY_FILE
    try:
        return Signer.decode(path.read_text("ascii"))
    except FileNotFoundError:
        # The name tells logs apart; it says nothing about the machine.
        signer = Signer(
            f"interactions-proxy/{secrets.token_hex(8)}", secrets.token_bytes(_SECRET_BYTES)
        )
    except (FormatError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path} holds no key of the trail: restore it, or move it away to begin a new log"
        ) from error
    make_folder(keys_folder)
    unborn = path.with_suffix(".unborn")
    descriptor = os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(descriptor, [f"{signer.encode()}\n".encode("ascii")], 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unborn.rename(path)
    sync_folder(keys_folder)
    return signer
