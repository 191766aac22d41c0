"""What of foreign content may stand in clear: names, redacted texts, and digests that only compare."""
