"""What a caller asks of the emulator, read and checked; pure. Nothing of the answering rooms may enter."""
