"""A Salesforce-compatible org on your own machine."""

__version__ = "0.1.0"
