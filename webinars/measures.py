"""What is measured: how much waits, for how long and for what."""
