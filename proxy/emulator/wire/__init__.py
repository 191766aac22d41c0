"""What carries answers: the connection with its two remedies, the way out, the faults that happen there."""
