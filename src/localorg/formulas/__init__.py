"""Salesforce's formula language, turned into SQL."""
