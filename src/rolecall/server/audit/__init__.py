"""Who did what, when and why: appended with the deed, chained afterwards, never changed."""
