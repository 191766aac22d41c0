"""What an erasure of our own copy leaves behind on disk: its marks, and tables without a trace."""
