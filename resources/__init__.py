"""Files the program ships: configs, taxonomies, icons, themes, the starter model and the sample photos."""
