"""One more follower of the vault: rows and sealed content, each once, to the engine."""
