"""One table a file: its title, what it says, its default number of seeds, and its rows from kept figures."""
