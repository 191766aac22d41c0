"""The trail of the recorder: leaves from committed vault records, tiles and checkpoints in data/trail, given away."""
