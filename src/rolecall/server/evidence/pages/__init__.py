"""The pages of evidence: parse, call, render."""
