"""What is written into a file: no formula, no line that breaks out, a name for any system."""

import csv
import io
import re
from datetime import UTC, date, datetime
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from rolecall.server.tables.export import _csv_cell, _xlsx_cell, file_name

SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
TEXTS = st.one_of(
    st.text(max_size=60),
    st.builds(str.__add__, st.sampled_from(SIGNS), st.text(max_size=20)),
)


@given(texts=st.lists(st.one_of(TEXTS, st.lists(TEXTS, max_size=3)), min_size=1, max_size=5))
def test_no_cell_of_a_csv_is_computed(texts):
    """Whatever a name is, its cell begins with no sign of a formula, and holds the name whole."""
    cells = [_csv_cell(text) for text in texts]
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    (read,) = csv.reader(io.StringIO(out.getvalue(), newline=""))

    assert read == cells
    assert not any(cell.startswith(SIGNS) for cell in cells)
    for text, cell in zip(texts, cells, strict=True):
        assert cell.endswith(text if isinstance(text, str) else ", ".join(text))


@given(number=st.integers())
def test_numbers_stay_numbers(number):
    """A negative number is no formula, in either form."""
    assert _csv_cell(number) == number == _xlsx_cell(number)


def test_values_that_are_no_text():
    """Nothing is empty, yes and no are words, a moment is ISO 8601 in UTC."""
    at = datetime(2026, 3, 3, 14, 5, 9, 123, tzinfo=UTC)

    assert [_csv_cell(one) for one in (None, True, False, at)] == [
        "", "yes", "no", "2026-03-03T14:05:09+00:00",
    ]  # fmt: skip
    assert _xlsx_cell(at) == at.replace(microsecond=0)


@given(app=st.text(max_size=200), search=st.text(max_size=100), value=st.text(max_size=100))
def test_the_name_of_a_file(app, search, value):
    """App, what, date and filter; letters, digits, dots and dashes only, never empty or hidden."""
    state = SimpleNamespace(filters=(("status", (value,)),), search=search)
    view = SimpleNamespace(state=state, table=SimpleNamespace(noun="accounts"))
    name = file_name(app, view, today=date(2026, 3, 3), suffix="csv")

    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*\.csv", name)
    assert len(name) <= 130
