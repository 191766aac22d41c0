"""The HTTP session of the OTLP exporter, which tells what the collector answered.

The exporter tells success and failure alone: the status and the spans that a collector took and
threw away (partial success, OTLP 1.1) are read here.
"""

from __future__ import annotations

import requests
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse


class Answers:
    """Notes the newest answer. Used by one thread."""

    def __init__(self) -> None:
        self.status: int | None = None
        """None: no answer since `forget`."""
        self.rejected = 0
        self.session = requests.Session()
        self.session.hooks["response"].append(self._note)

    def forget(self) -> None:
        """Before an export."""
        self.status, self.rejected = None, 0

    def _note(self, response: requests.Response, *_: object, **__: object) -> None:
        self.status = response.status_code
        self.rejected = rejected_of(response.content) if response.ok else 0


def rejected_of(answer: bytes) -> int:
    """Spans that an answer says were thrown away; of an answer that cannot be read none."""
    try:
        read = ExportTraceServiceResponse.FromString(answer)
    except DecodeError:
        return 0
    return max(int(read.partial_success.rejected_spans), 0)
