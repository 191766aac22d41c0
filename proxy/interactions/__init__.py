"""Google's nouns, pure: the Interaction, its steps, content, events. Bytes and JSON in, typed values out; no I/O."""
