"""A progress bar in the terminal."""

from __future__ import annotations

import re
import sys
import time
from types import TracebackType
from typing import Self

SECONDS_BETWEEN = 10.0
FIRST = 20.0  # seconds after which a log says how much longer it will take, if that is long; next after twice as many
LONG = 300.0
SENTENCE = 60  # characters; what is longer is no name of what is being done


class Progress:
    """A `Report` that draws a bar on a terminal, and in a log file one line for each new thing that happens."""

    def __init__(self) -> None:
        self._text = self._kind = ""
        self._printed = 0.0
        self._began = time.monotonic()
        self._paced = self._began  # when what is counted began: loading and the like tell nothing about the pace of it
        self._foretell = FIRST
        self._bar = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=100, bar_format="{desc:<28} {bar:30} {n:3.0f} %  {elapsed}, {remaining} left", leave=False)

    def __call__(self, fraction: float, text: str = "", **metrics: float) -> None:
        """Show that this fraction is done."""
        if self._bar is not None:
            if len(text) > SENTENCE and text != self._text:  # no place beside a bar: it is said once, above
                self._bar.write(text, file=sys.stderr)
            elif text:
                self._bar.set_description_str(text[:28], refresh=False)
            self._bar.n = 100 * min(1.0, fraction)
            self._bar.refresh()
        elif text and text != self._text:
            now, kind = time.monotonic(), re.sub(r"\d+", "", text)
            # What only counts on, such as the pictures of a video, is said now and then.
            if kind != self._kind or now - self._printed > SECONDS_BETWEEN:
                print(f"{now - self._began:6.1f} s  {text}", file=sys.stderr, flush=True)
                self._kind, self._printed = kind, now
        self._text = text or self._text
        if self._bar is None:
            self._foretold(fraction, time.monotonic())

    def _foretold(self, fraction: float, now: float) -> None:
        """Say in a log now and then how much longer it will take; a bar says it all the time."""
        if fraction <= 0:
            self._paced, self._foretell = now, FIRST
        elif (gone := now - self._paced) >= self._foretell:
            self._foretell = 2 * gone
            if (left := gone * (1 - fraction) / fraction) >= LONG:
                said = f"{left / 3600:.0f} hours" if left > 7200 else f"{left / 60:.0f} minutes"
                print(f"{now - self._began:6.1f} s  about {said} left", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
