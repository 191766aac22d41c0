"""What the heads of media files tell: size and duration. Pure; recording/telling/ and reading/ come in here."""
