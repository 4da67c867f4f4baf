"""One machinery for every table on a page: search, filter, sort, page, export."""
