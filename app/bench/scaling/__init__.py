"""What a number of people needs, and which limit comes first: a small simulator."""
