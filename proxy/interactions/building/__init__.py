"""What a stream's assembler builds, piece by piece."""
