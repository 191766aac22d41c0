"""A file that the SDK uploads goes through the proxy in all its pieces, and comes back whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

from google import genai

from tests.end_to_end.stage import Stage

PIECE_BYTES = 8 * 1024 * 1024
"""What the SDK sends at a time: a file of more than one piece takes the upload URL more than once."""


def test_an_upload_of_several_pieces_passes_and_every_piece_is_recorded(
    stage: Stage, tmp_path: Path
) -> None:
    content = bytes(range(256)) * (PIECE_BYTES // 256) + b"the end"
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    client = genai.Client(api_key="upload-key", http_options={"base_url": stage.proxy.url})

    uploaded = client.files.upload(file=str(file), config={"mime_type": "text/plain"})

    stage.proxy.flush()
    pieces = stage.proxy.rows(
        "SELECT request_bytes, status, outcome FROM exchanges WHERE operation = 'upload' ORDER BY sequence"
    )
    assert [row[1:] for row in pieces] == [(200, "complete")] * 3
    assert [row[0] for row in pieces[1:]] == [PIECE_BYTES, 7]
    assert uploaded.size_bytes == len(content)
    received = stage.emulator.ledger("received")
    assert received[1]["body_sha256"] == hashlib.sha256(content[:PIECE_BYTES]).hexdigest()
