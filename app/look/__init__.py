"""How the window looks: colours and fonts, icons, and the palettes of categories."""
