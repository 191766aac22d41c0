"""The door: a process that decides on requests before the gateway sends them on. Started only where it is configured.

Its decisions are pure (`proxy/audit/policing`); DOOR.md says what it can do and what it cannot.
"""
