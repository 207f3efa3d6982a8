"""The lists beside the canvas and what floats over it."""
