"""Windows that ask for something before a longer work begins; none of them blocks the labelling."""
