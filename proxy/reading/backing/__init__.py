"""A second copy of the record elsewhere: made while the proxy runs, and put back on an empty machine."""
