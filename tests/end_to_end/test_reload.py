"""SIGHUP: new connections get the new settings, a stream in flight does not notice."""

from __future__ import annotations

import os
import signal
from typing import Any

from google import genai

from tests.end_to_end.conftest import SetUp
from tests.end_to_end.programs import look_until

MODEL = "gemini-3-flash-preview"


def test_a_stream_outlives_a_reload_and_both_gateways_record(set_up: SetUp) -> None:
    stage = set_up()
    (old,) = stage.proxy.gateways()
    options: Any = {"base_url": stage.proxy.url}
    with genai.Client(api_key="a-made-up-key", http_options=options) as client:
        stream: Any = client.interactions.create(
            model=MODEL,
            input="Hello?",
            stream=True,
            extra_headers={"x-emulator-fault": "gap=0.4"},
        )
        events = [next(stream)]

        os.kill(stage.proxy.program.pid, signal.SIGHUP)
        new = look_until(
            lambda: next((pid for pid in stage.proxy.gateways() if pid != old), None), "a successor"
        )
        look_until(lambda: "settings reloaded" in stage.logs() or None, "the end of the reload")
        with genai.Client(api_key="a-made-up-key", http_options=options) as other:
            answer: Any = other.interactions.create(model=MODEL, input="And now?")
        events += stream

    assert answer.status == "completed"
    assert events[-1].event_type == "interaction.completed"
    look_until(lambda: stage.proxy.gateways() == [new] or None, "the old gateway's end")
    recorded = stage.proxy.rows("SELECT outcome, is_streaming FROM exchanges ORDER BY is_streaming")
    assert recorded == [("complete", False), ("complete", True)]
