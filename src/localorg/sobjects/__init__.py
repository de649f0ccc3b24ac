"""Objects, their descriptions, and single records."""
