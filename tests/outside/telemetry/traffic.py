"""Traffic that has something of everything: so that no panel and no rule is without data."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any, Final

JSON: Final = {
    "content-type": "application/json",
    "x-goog-api-key": "AIzaSyDemoDemoDemoDemoDemoDemoDemoDemo0",
}
MODEL: Final = "gemini-3.5-flash"
UNPRICED: Final = "gemini-4-carbon"
"""The price book has no price for it."""
TRACE: Final = "0af7651916cd43dd8448eb211c80319c"
FUNCTION: Final = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class Caller:
    """One client that asks for all kinds of things, again and again, until told to stop."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.rounds = 0
        self.background: list[dict[str, Any]] = []
        self.failure: Exception | None = None

    def start(self) -> None:
        """Again after a `stop`, too."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=120)
        if self.failure:
            raise self.failure

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.round()
                self._stop.wait(0.3)
        except Exception as error:  # noqa: BLE001  # told to whoever waits for the end
            self.failure = error

    def round(self) -> None:
        """One of each."""
        first = self.create({"input": "Hello, who are you?"})
        self.create({"input": "And now?", "previous_interaction_id": first["id"], "stream": True})
        asked = self.create({"input": "What is the weather in Paris?", "tools": [FUNCTION]})
        calls = [step for step in asked.get("steps", ()) if step["type"] == "function_call"]
        if calls:
            result = {
                "type": "function_result",
                "call_id": calls[0]["id"],
                "name": "get_weather",
                "result": [{"type": "text", "text": "rain"}],
            }
            self.create({"input": [result], "previous_interaction_id": asked["id"]})
            broken = {**result, "is_error": True}
            self.create({"input": [broken], "previous_interaction_id": asked["id"]})
        self.create(
            {
                "input": "emulate: google_search",
                "tools": [{"type": "google_search"}],
                "stream": True,
            }
        )
        self.create({"input": "x", "model": UNPRICED})
        self.background.append(self.create({"input": "Think of a number", "background": True}))
        for begun in self.background[-5:]:
            self.ask("GET", f"/v1beta/interactions/{begun['id']}")
        self.create({"input": "x", "store": False})
        self.ask("GET", f"/v1beta/interactions/{first['id']}")
        for fault in (
            "status=503",
            "status=429, retry_after=1",
            "cut_stream=3, reset",
            "drift=field+event",
        ):
            self.ask(
                "POST",
                "/v1beta/interactions",
                {"model": MODEL, "input": "x", "stream": True},
                fault,
            )
        self.leave()
        self.rounds += 1

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        return self.ask("POST", "/v1beta/interactions", {"model": MODEL, **body})

    def ask(self, method: str, path: str, body: object = None, fault: str = "") -> dict[str, Any]:
        """The answer's JSON; of streams and failures nothing."""
        connection = http.client.HTTPConnection(*self._address, timeout=60)
        headers = {**JSON, "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        if fault:
            headers["x-emulator-fault"] = fault
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            told = answer.read()
            is_json = (answer.getheader("content-type") or "").startswith("application/json")
            return json.loads(told) if answer.status == 200 and is_json else {}
        except (http.client.HTTPException, ConnectionError):
            return {}
        finally:
            connection.close()

    def leave(self) -> None:
        """Ask for a stream and go away in the middle of it."""
        connection = http.client.HTTPConnection(*self._address, timeout=60)
        body = json.dumps({"model": MODEL, "input": "Tell me a long story", "stream": True})
        connection.request("POST", "/v1beta/interactions", body, JSON)
        connection.getresponse().read(64)
        connection.close()
