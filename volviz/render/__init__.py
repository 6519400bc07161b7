"""Draw a volume and its classes: `Renderer` in a context that is current, `still` and `frames` without a window."""

# It sets what PyOpenGL reads when it is first imported, whichever file of this package does that.
from volviz.render import gl as gl
