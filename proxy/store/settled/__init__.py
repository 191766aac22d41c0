"""What the largest views say, kept as rows for all that nobody told of since."""
