"""The file that says what an org has beyond every other: objects, fields, users, apps, rules."""
