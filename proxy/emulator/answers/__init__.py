"""What the emulator says, pure: requests read, steps composed, events spelled. No socket, clock or file."""
