"""Several requests in one: composite and batch."""
