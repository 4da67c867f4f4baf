"""Apps, accounts, entitlements and grants: what was observed, since when, and why."""
