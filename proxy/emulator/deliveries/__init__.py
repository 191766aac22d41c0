"""Webhooks: who wants to know, what is said, how it is signed, when it is tried again. Never leaves this machine unless told to."""
