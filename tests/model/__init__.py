"""The two engines in plain Python, one record at a time, and an org to run them against.

Written from the rules, not from the SQL: where the two differ, one of them is wrong.
"""
