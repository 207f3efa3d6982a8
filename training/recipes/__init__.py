"""Recipes: how the models that come with the program were trained, to be run again by anybody."""
