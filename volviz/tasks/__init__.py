"""Verbs put together: what both faces, and Python, call."""
