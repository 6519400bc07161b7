"""Tables as CSV: the first line names the columns, a comma parts them, numbers have a point."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from volviz.core.atomic import reason, replacing
from volviz.core.errors import VolvizError
from volviz.core.files import read_text

Cell = str | float | int


def save_table(path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, overwrite: bool = False) -> None:
    """Write a table.

    Raises:
        VolvizError: the name is taken or not writable.
    """
    with replacing(Path(path).expanduser(), overwrite=overwrite) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def read_table(path: str | Path) -> list[dict[str, str]]:
    """Read a table, whichever of comma, semicolon and tab parts its columns, as dictionaries of text.

    Raises:
        VolvizError: it cannot be read, or a line is not as long as the first.
    """
    path = Path(path).expanduser()
    try:
        text = read_text(path, encoding="utf-8-sig")
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({reason(error)}); check the name.") from error
    except UnicodeDecodeError as error:
        raise VolvizError(f"{path} is no text; check what the file is.") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise VolvizError(f"{path} is empty; check what the file is.")
    mark = max(",;\t", key=lines[0].count)
    names, *rows = ([cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark))
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise VolvizError(f"{path} has {len(names)} columns but {len(row)} values in row {number}; mend that row.")
    return [dict(zip(names, row, strict=True)) for row in rows]
