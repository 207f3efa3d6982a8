"""The commands `seamseg-label`, `seamseg-eval`, `seamseg-convert` and `seamseg-models`."""
