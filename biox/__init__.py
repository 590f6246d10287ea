"""From raw biomedical recordings to models, explanations, and evidence for or against those explanations."""

__version__ = "0.1.0"
