"""`seamseg-train`: datasets, losses, optimisation and learning from corrections."""
