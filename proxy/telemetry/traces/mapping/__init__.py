"""From facts to spans, in the words of OpenTelemetry. Does no I/O."""
