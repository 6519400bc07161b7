"""View: bookmarks and the animation."""

from __future__ import annotations

from volviz.gui.actions.entry import VOLUME, Entry, later

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "view.bookmark",
        "View/Bookmarks",
        "Add bookmark",
        "Keep this view in the list; Alt+1 to Alt+9 fly to the first nine",
        later("directing:add_bookmark"),
        "Ctrl+D",
        needs=VOLUME,
    ),
    Entry(
        "view.animation",
        "View",
        "Animation",
        "Show or hide the time axis of the animation",
        later("directing:toggle_animation"),
        "Shift+K",
        needs=VOLUME,
        checked=lambda w: not w.docks["Animation"].isHidden(),
    ),
    Entry("view.keyframe", "View", "Add keyframe", "Keep this view as a keyframe", later("directing:add_keyframe"), "K", needs=VOLUME),
)
