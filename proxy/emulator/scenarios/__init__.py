"""Scenarios: readable scripts of what the emulator answers, turn by turn. FORMAT.md says how one is written.

A file becomes a checked `Scenario` (`library`, `format`), which a `Play` acts out; nobody else reads the files.
"""
