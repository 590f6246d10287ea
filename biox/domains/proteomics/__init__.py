"""Proteomics: tables of protein levels, simulated tables with a known graph, and tests against what is known."""
