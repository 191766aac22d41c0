"""One module for each dashboard: what it shows and for whom."""
