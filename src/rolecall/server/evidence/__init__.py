"""Evidence: what was so, or what changed, as a file that proves itself without us.

A report is facts and rows; a form writes it as CSV, XLSX or PDF; a signature is put under its
bytes. `signature` needs neither Django nor a database, so that whoever is shown a file can verify
it.
"""
