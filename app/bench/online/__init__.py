"""Four thousand people online inside the limits of a Raspberry Pi 4."""
