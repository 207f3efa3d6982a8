"""The open project: its images, the way through them, the open one, its categories, and the work on it."""
