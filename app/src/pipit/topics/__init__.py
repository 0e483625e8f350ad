"""Conversations: who may do what, numbering, fan-out, presence."""
