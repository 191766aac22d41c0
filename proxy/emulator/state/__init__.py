"""What the emulator remembers and when it forgets: clock, ids, interactions; no HTTP."""
