"""The OpenTelemetry protocol: spans as protobuf, sent over HTTP or gRPC, or shown on the terminal."""
