"""An OpenTelemetry collector that takes everything and keeps nothing, in a process of its own.

It says its address as JSON in its first line, as our own programs do.
"""

from __future__ import annotations

import json
import socketserver
from http.server import BaseHTTPRequestHandler


class Taker(BaseHTTPRequestHandler):
    """An empty answer is a complete success in OTLP/HTTP."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its base's name
        """Say nothing: its standard error is nobody's."""


def main() -> None:
    """Serve until it is ended."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Taker) as server:
        host, port = server.server_address[:2]
        print(json.dumps({"url": f"http://{host!s}:{port}"}), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
