"""The REST API: everything that the pages show and do, by the same use cases and permissions.

One module for each noun, `door` who comes in and what an error looks like, `values` what a
parameter may be, `paging` long lists. The description is at `/api/openapi.json`.
"""
