"""Gait analysis: ground reaction forces over the stance phase."""
