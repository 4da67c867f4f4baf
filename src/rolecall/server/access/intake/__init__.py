"""Taking a `.c1z` in: a file becomes accounts, entitlements, grants, and their periods."""

from rolecall.server.access.intake.preview import Example, Preview, Shift
from rolecall.server.access.intake.taking import Guard, preview, take_in

__all__ = ["Example", "Guard", "Preview", "Shift", "preview", "take_in"]
