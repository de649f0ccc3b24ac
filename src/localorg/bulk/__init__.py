"""What query jobs and ingest jobs of Bulk API 2.0 share."""
