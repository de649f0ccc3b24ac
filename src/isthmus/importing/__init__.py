"""Salesforce records into profiles: plan, fetch, stage, match, merge, finish."""
