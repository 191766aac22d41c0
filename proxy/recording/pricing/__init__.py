"""What things cost: a dated price book, and the lines of one answer priced by it. Pure; recording/ and store/ come in here."""
