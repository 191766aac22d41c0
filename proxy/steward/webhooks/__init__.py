"""Webhooks of upstream: verified, kept as acts, and taken as a reason to look at once."""
