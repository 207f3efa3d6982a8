"""Models on disk: bundles, official archives and backbones, loaded without ever running code from them."""
