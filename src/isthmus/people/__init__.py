"""The people who use Isthmus: accounts, passwords, roles, and signing in."""
