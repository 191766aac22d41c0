"""Erasing, holding and releasing: planned on the tables, told to the vault, done to the keys."""
