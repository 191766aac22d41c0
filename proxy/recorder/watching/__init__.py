"""What the recorder tells those who watch it."""
