"""Files for accountants: a workbook whose numbers are numbers, with a sheet that says what it is a file of."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

MONEY = "#,##0.00;[Red](#,##0.00)"
SHARE = '0.0"%";[Red]-0.0"%"'
NEVER_WHAT_IT_SEEMS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""A name stays a text, whatever it begins with: nothing in it is ever run or followed."""
WIDTH_MIN, WIDTH_MAX = 11, 42


def xlsx_file(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, about: Mapping[str, str], as_of: datetime
) -> bytes:
    """Write rows as a workbook: amounts are Decimals in major units, an unknown one is an empty cell.

    A spreadsheet keeps 15 to 16 digits of a number; the CSV of the same rows keeps every digit.
    """
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, NEVER_WHAT_IT_SEEMS) as book:
        book.set_properties({"title": "Marginbook", "created": as_of.astimezone(UTC).replace(tzinfo=None)})
        bold = book.add_format({"bold": True, "bottom": 1})
        money, share = book.add_format({"num_format": MONEY}), book.add_format({"num_format": SHARE})
        sheet = book.add_worksheet("Rows")
        widths = [max(WIDTH_MIN, len(name) + 2) for name in header]
        for column, name in enumerate(header):
            sheet.write_string(0, column, name, bold)
        for line, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                _write(sheet, (line, column), value, share if header[column].endswith("percent") else money)
                if isinstance(value, str):
                    widths[column] = min(WIDTH_MAX, max(widths[column], len(value) + 2))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 1)
        told = book.add_worksheet("About")
        told.set_column(0, 0, 22)
        told.set_column(1, 1, 90)
        for line, (name, said) in enumerate({**about, "As of": f"{as_of:%Y-%m-%d %H:%M:%S} UTC"}.items()):
            told.write_string(line, 0, name)
            told.write_string(line, 1, said)
    return written.getvalue()


def _write(sheet: Any, place: tuple[int, int], value: object, amount_format: Any) -> None:
    if isinstance(value, Decimal):
        sheet.write_number(*place, value, amount_format)
    elif isinstance(value, int):
        sheet.write_number(*place, value)
    elif isinstance(value, date):
        sheet.write_string(*place, value.isoformat())
    elif value is not None:
        sheet.write_string(*place, str(value))
