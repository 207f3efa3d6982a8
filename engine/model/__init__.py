"""The panoptic network: configuration, bodies, heads and the whole."""
