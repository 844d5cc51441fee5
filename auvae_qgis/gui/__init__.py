"""The widgets, one a file. They show what they are handed and keep no state of their own."""
