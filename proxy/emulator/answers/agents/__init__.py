"""How agents answer: Deep Research, Antigravity, Code Mender, and those that callers made.

Each module turns an `Occasion` into steps; `compose` counts them and says how the run ended.
"""
