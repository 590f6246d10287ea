"""Proteomics: tables of protein levels, simulated tables with a known graph, and tests of the graphs against knowledge."""
