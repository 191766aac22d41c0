"""What was read, as facts: one module for each kind of row."""
