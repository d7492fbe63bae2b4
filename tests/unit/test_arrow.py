"""Columns made from bytes are the columns that Arrow's own reader makes."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from ingestion.arrow import integers, texts

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 1000])
def test_whole_numbers_are_what_they_were(length):
    values = np.arange(length) - 3
    absent = values % 3 == 0

    assert integers(values).equals(pa.array(values))
    assert integers(values, absent).equals(pa.array(values, mask=absent))
    assert integers(np.repeat(values, 2)[::2]).equals(pa.array(values))
    assert integers(values, kind=pa.timestamp("us")).equals(pa.array(values).cast(pa.timestamp("us")))


@pytest.mark.parametrize(
    "words", [[], [None], [""], ["a"], [None, "", "ü", None, "語" * 100, 'a"b,c\n', "👩‍💻"], ["x", None] * 500]
)
def test_texts_are_what_they_were(words):
    assert texts(words).equals(pa.array(words, pa.string()))


def test_an_import_does_not_load_pandas():
    see = (
        "import sys; import numpy as np; from ingestion import files, arrow; "
        "arrow.texts(['a', None]); arrow.integers(np.arange(3), np.arange(3) > 1); print('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", see], capture_output=True, text=True, check=True).stdout == "False\n"
