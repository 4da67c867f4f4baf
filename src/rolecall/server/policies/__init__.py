"""Policies: how many may administer a workspace, and who."""
