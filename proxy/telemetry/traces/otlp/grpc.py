"""OTLP over gRPC. The package grpcio is an extra; nothing else of the proxy needs it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from proxy.errors import StartRefused
from proxy.telemetry.traces.options import TraceOptions
from proxy.telemetry.traces.otlp.sending import Answer, rejected_of

_METHOD: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_AGAIN: Final = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)
"""Of the specification; RESOURCE_EXHAUSTED only where the collector says when, which few do."""
ANSWER_BYTES_MAX: Final = 64 * 1024


class GrpcSender:
    """Calls Export on one channel, with bytes that are encoded already."""

    def __init__(self, options: TraceOptions) -> None:
        """Raises StartRefused: grpcio is not installed, or a certificate cannot be read."""
        self._grpc = _library()
        grpc = self._grpc
        parts = urlsplit(options.endpoint)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        limits = [("grpc.max_receive_message_length", ANSWER_BYTES_MAX)]
        compression = (
            grpc.Compression.Gzip if options.is_gzipped else grpc.Compression.NoCompression
        )
        if parts.scheme == "https":
            self._channel = grpc.secure_channel(
                f"{host}:{port}", self._credentials(options), limits, compression
            )
        else:
            self._channel = grpc.insecure_channel(f"{host}:{port}", limits, compression)
        self._export = self._channel.unary_unary(_METHOD)
        self._metadata = [(name.lower(), value) for name, value in options.headers]

    def send(self, body: bytes, within_s: float) -> Answer:
        """One attempt."""
        try:
            answer = self._export(body, timeout=within_s, metadata=self._metadata)
        except self._grpc.RpcError as error:
            code = error.code().name
            return Answer(
                is_taken=False, may_retry=code in _AGAIN, problem=f"the collector said {code}"
            )
        rejected = rejected_of(answer)
        problem = f"the collector rejected {rejected} spans" if rejected else None
        return Answer(is_taken=True, rejected=rejected, problem=problem)

    def close(self) -> None:
        self._channel.close()

    def _credentials(self, options: TraceOptions) -> Any:
        try:
            files = [
                None if path is None else path.read_bytes()
                for path in (options.certificate, options.client_key, options.client_certificate)
            ]
        except OSError as error:
            raise StartRefused(
                f"a certificate of OTEL_EXPORTER_OTLP_* cannot be read: {error}"
            ) from error
        return self._grpc.ssl_channel_credentials(*files)


def _library() -> Any:
    try:
        import grpc  # noqa: PLC0415  # an extra: 19 MB that few need
    except ImportError as error:
        raise StartRefused(
            "OTEL_EXPORTER_OTLP_PROTOCOL is grpc, and the package grpcio is not installed: "
            "pip install 'interactions-proxy[otlp-grpc]', or use http/protobuf"
        ) from error
    return grpc
