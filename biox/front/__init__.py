"""For those who start: write a study file, check the machine, plan and run a study."""
