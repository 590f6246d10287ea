"""From evidence to figures to a page."""
