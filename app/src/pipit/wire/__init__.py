"""The packets of the Tinode protocol v0: their fields, their encoding, their codes. No I/O."""
