"""What the same SDKs call beside interactions. Source: the protocol reference, section 16."""
