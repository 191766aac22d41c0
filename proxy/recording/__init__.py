"""What an exchange turned out to mean, pure: bytes in, facts out; never raises on foreign data."""
