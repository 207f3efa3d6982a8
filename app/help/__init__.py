"""Help in the window: the guide, an entry for each error, what every part is for, what a report needs."""
