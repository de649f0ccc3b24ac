"""Bulk API 2.0 ingest jobs."""

from localorg.bulk_ingest.jobs import IngestJobs

__all__ = ["IngestJobs"]
