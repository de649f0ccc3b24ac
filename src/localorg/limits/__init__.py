"""How much of the org may be used, and how much of it is."""
