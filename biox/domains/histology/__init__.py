"""Histology: whole slides and tiles of stained tissue."""
