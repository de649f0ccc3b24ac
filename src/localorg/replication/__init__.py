"""Which records changed or went away in a span of time: updated and deleted."""
