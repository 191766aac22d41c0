"""What policies mean for the recorder: exchanges of which facts alone are kept, and labels by their blind index."""
