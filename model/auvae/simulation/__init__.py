"""Scenes whose truth is known, and how far a result is from it."""
