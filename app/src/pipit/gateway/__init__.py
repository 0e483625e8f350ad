"""The outside: transports, HTTP, limits, and the dispatch of packets to accounts and topics."""
