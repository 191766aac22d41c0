"""What wakes somebody, why, and what that person does."""
