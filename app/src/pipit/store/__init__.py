"""Where accounts, topics and messages are kept; `base.py` is what every backend honours."""
