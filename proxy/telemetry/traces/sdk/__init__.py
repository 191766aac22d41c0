"""What OpenTelemetry's SDK does for us: options, sampling, encoding, sending. Imported only while spans are on."""
