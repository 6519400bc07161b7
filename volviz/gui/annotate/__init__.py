"""Annotating on the slices: what the tools do, how marks look on a slice and in 3D."""
