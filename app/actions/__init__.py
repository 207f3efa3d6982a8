"""What a person can do: the table of actions, their keys, the menus made of it, and what each entry does."""
