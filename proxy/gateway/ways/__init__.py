"""Ways to upstream that are not straight."""
