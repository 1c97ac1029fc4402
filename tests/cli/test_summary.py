"""What is said of a run at its end."""

import pytest

from seqtag.cli.summary import to_predict
from seqtag.settings.config_files import parse_assignments
from seqtag.settings.tasks import settings_of


@pytest.mark.parametrize(
    ("assignment", "wanted"),
    [
        ("encoder.units=5", "TEXTFILE --format text"),
        ("encoder.tree=tree_lstm", "FILE"),
        ("data.feature_columns=2", "FILE"),
        ("data.numeric_columns=2", "FILE"),
    ],
)
def test_text_is_named_only_where_a_model_reads_it(assignment: str, wanted: str) -> None:
    assert to_predict(settings_of(parse_assignments([assignment]))[1]) == wanted
