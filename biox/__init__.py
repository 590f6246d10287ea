"""From raw biomedical recordings to models, explanations, and evidence for or against those explanations."""

__version__ = "0.1.0"
# The day of this version; reports that come from an installed wheel bear it, since they may bear no clock.
RELEASED = "2026-11-23"
