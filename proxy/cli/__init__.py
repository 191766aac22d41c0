"""The command line: its verbs and how each is told what to do. Nobody enters but the shell."""
