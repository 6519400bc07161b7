"""View: bookmarks and the animation."""

from __future__ import annotations

from volviz.gui import directing
from volviz.gui.actions.entry import VOLUME, Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "view.bookmark",
        "View/Bookmarks",
        "Add bookmark",
        "Keep this view in the list; Alt+1 to Alt+9 fly to the first nine",
        directing.add_bookmark,
        "Ctrl+D",
        needs=VOLUME,
    ),
    Entry(
        "view.animation",
        "View",
        "Animation",
        "Show or hide the time axis of the animation",
        directing.toggle_animation,
        "Shift+K",
        needs=VOLUME,
        checked=lambda w: not w.directing.dock.isHidden(),
    ),
    Entry("view.keyframe", "View", "Add keyframe", "Keep this view as a keyframe", directing.add_keyframe, "K", needs=VOLUME),
)
