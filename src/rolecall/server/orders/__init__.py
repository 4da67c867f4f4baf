"""What was decided to change in an app, what is planned and ordered for it, and what came of it."""
