"""What the objects inside requests, steps and usage look like: a small grammar, and its tables."""
