"""Draw a volume and its classes: `Renderer` in a context that is current, `still` and `frames` without a window."""
