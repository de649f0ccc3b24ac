"""Profiles of a segment into Salesforce: plan, select, diff, match, send, reconcile, finish."""
