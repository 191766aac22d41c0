"""Recorded interactions as scenarios, which the emulator replays. Meets the emulator at the file format alone.

From the vault's exchanges (`exchanges`) to turns (`turns`, pure) to YAML (`writing`), asked for by `export`.
"""
