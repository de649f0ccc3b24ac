"""Bulk API 2.0 query jobs."""

from localorg.bulk_query.jobs import BulkQuerySettings, QueryJobs

__all__ = ["BulkQuerySettings", "QueryJobs"]
