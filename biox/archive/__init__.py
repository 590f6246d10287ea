"""What makes the folder of a report something to keep, and to check later."""
