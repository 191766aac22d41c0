"""Other people's SQL: in a process of its own, on a copy, within limits, nothing but reading."""
