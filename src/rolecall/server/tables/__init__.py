"""One machinery for every table on a page: search, filters, order, pages, columns, export.

A noun declares a `Table` once; `show` answers a request with it, as a page or as a file. What is
shown stands in the address, so that a link shows the same, and Back goes back.
"""
