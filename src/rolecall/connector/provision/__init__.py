"""Changes to Notion: planned, guarded, recorded, applied, verified by reading again, undone."""
