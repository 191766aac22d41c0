"""Spans for OpenTelemetry, made from committed facts: ids, mapping, sampling, the thread that sends."""
