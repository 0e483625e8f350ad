"""Facts of the protocol as pure functions: no I/O, no asyncio."""
