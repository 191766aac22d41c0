"""How a running proxy is, for people and probes at its machine: status, top."""
