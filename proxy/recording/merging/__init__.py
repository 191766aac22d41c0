"""One interaction out of many exchanges: one log of events, one answer, and where two tellings of it differ. Pure."""
