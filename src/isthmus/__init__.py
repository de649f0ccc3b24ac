"""Customer profiles with a two-way Salesforce connection."""

__version__ = "0.1.0"
