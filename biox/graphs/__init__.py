"""Graphs of proteins: averages over patients, significance, structure, layout, files, and methods without a network."""
