"""What the bytes of an exchange say: heads, codings, JSON, events. Still Google's words, no facts yet."""
