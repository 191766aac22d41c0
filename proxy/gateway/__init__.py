"""The hot side: carries bytes and notes them. Understands HTTP framing and nothing else; imports no cold room."""
