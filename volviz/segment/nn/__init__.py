"""Networks and what they learn with."""
