"""Prometheus: the catalogue, what is counted from committed facts, what is read, how it is written out."""
