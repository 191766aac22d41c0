"""The demo's conversation, straight to the emulator: it is a program like any other."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from proxy.demo.conversation import converse
from proxy.emulator.ledger import Ledger
from proxy.emulator.server import deterministic, serving


async def test_streamed_text_is_wrapped_between_words(tmp_path: Path) -> None:
    screen = io.StringIO()
    ledger = Ledger(tmp_path / "ledger")

    async with serving(deterministic(seed=7), ledger) as url:
        await asyncio.to_thread(converse, url, Console(file=screen, width=60))

    paragraphs = [line for line in screen.getvalue().splitlines() if line.startswith("     ")]
    assert max(cell_len(line.rstrip()) for line in paragraphs) <= 60
    assert len(paragraphs) > 4
    ledger.close()


async def test_the_conversation_shows_every_act(tmp_path: Path) -> None:
    screen = io.StringIO()
    ledger = Ledger(tmp_path / "ledger")

    async with serving(deterministic(seed=7), ledger) as url:
        shown = await asyncio.to_thread(converse, url, Console(file=screen, width=200))

    text = screen.getvalue()
    assert shown.startswith("v1_")
    assert "model_output" in text
    assert "gave a result" in text
    assert "requires_action: get_weather(" in text
    assert "id (none)" in text
    assert text.count("in_progress") >= 2
    assert "deleted v1_" in text
    ledger.close()
