"""Words and rules with no I/O, shared by both engines, the blueprint and the command line."""
