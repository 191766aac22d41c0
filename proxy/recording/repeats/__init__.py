"""How a repeated conversation is known again: what of a step must be the same, and its keyed digests. Pure."""
