"""Find a person, account, group, app or connector by a few letters."""
