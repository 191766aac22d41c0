"""What may be watched from outside: metrics, spans, log lines. Derived, never the truth, without content."""
