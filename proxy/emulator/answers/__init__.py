"""What the emulator answers: steps, usage, resources, all decided by request and seed; pure."""
