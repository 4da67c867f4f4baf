"""Apps that are known by name only: added by hand or by file, taken under management, forgotten.

`apps` has the use cases, `reading` knows the file, `importing` keeps it between the preview and the
yes, and carries it out.
"""
