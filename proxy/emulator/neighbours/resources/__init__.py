"""Agents, environments, triggers, credentials, voices, decisions: what speaks as interactions do. Only the desk enters."""
