"""What can go wrong through no fault of the program."""

from __future__ import annotations

from collections.abc import Sequence


class VolvizError(Exception):
    """Something a person can put right.

    The message is one sentence that says what is wrong and what to do about it. The command line prints it and
    exits with status 2, the window shows it; neither shows a traceback.
    """


class Cancelled(Exception):  # noqa: N818 - a wish, not an error
    """The person who asked for the work does not want it any more. Raised by `Report`, caught by the faces."""


class Enough(Cancelled):
    """The person has had enough of work that could go on: it ends early, with the best that there is.

    Raised by `Report`, once. What has nothing to keep lets it pass, as it does with `Cancelled`.
    """


def check_choice(what: str, value: object, choices: Sequence[object]) -> None:
    """Refuse a value that is none of those there are.

    Raises:
        VolvizError: it is another one.
    """
    if value not in choices:
        raise VolvizError(f"{what} is {', '.join(map(str, choices[:-1]))} or {choices[-1]}, not {value!r}.")
