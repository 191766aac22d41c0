"""Verbs about the emulator: start it, move its clock, check and make what it plays."""
