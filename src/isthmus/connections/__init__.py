"""Connections to Salesforce: how to sign in, what to do (goals), and what was done (runs)."""
