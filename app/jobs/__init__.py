"""Long work beside the window: reports progress, can be cancelled, never blocks the window."""
