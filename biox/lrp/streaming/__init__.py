"""Relevance of more samples than memory holds: read, batched, perhaps compiled, written."""
