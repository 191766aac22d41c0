"""An answer as a stream of events, new schema and old, and the spellings of a stream; pure."""
