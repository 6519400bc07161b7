"""Look: the ramps, colours, light and background of everything at once."""

from __future__ import annotations

from volviz.gui.actions.entry import CLASSES, VOLUME, Entry

ENTRIES: tuple[Entry, ...] = (
    Entry(
        "look.save",
        "View/Look",
        "Save this look…",
        "Keep the ramps, colours, light and background under a name, for the command line too",
        lambda w: w.classes_panel.looks_menu.ask_save(),
        needs=VOLUME,
    ),
    Entry(
        "look.open",
        "View/Look",
        "Open a look…",
        "Take over a look from a file: volviz's own, or a preset or a session of Nano-Oetzi",
        lambda w: w.classes_panel.looks_menu.ask_open(),
        needs=VOLUME,
    ),
    Entry(
        "look.copy",
        "View/Look",
        "Copy the look",
        "Copy ramps, colours, light and background as text, for another window",
        lambda w: w.classes_panel.looks_menu.copy_look(),
        needs=VOLUME,
    ),
    Entry(
        "look.paste",
        "View/Look",
        "Paste a look",
        "Take over the look that was copied",
        lambda w: w.classes_panel.looks_menu.paste_look(),
        needs=VOLUME,
    ),
    Entry(
        "look.reset",
        "View/Look",
        "Reset all ramps",
        "Bring back every ramp that was estimated from the data; colours stay",
        lambda w: w.classes_panel.reset_all.click(),
        needs=VOLUME,
    ),
    Entry(
        "look.together",
        "View/Look",
        "All classes as one",
        "Draw everything but the background as one class, or each class by itself again",
        lambda w: w.classes_panel.together.click(),
        needs=CLASSES,
    ),
)
