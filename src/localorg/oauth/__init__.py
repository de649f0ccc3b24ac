"""Access tokens: who gets one and how long it lives."""
