"""Status file: YAML to the model and back. The only reader and writer of `status.yml`."""

from trueup.status_file.edit import (
    append_row,
    extend_observation,
    require_lists,
    save,
    write_whole,
)
from trueup.status_file.form_files import FOLDER, TEXT_ENDINGS, Contents
from trueup.status_file.load import REHEARSAL, Stored, load_status, parse_status
from trueup.status_file.route_files import MOST_ROUTE_FILE_BYTES, output_problems
from trueup.status_file.row_text import render_entry, render_row, render_scalar
from trueup.status_file.schema import render_schema
from trueup.status_file.validation import parse_as
from trueup.status_file.value_text import did_you_mean, listed, shown
from trueup.status_file.yaml_text import Document, parse_yaml, refuse_depth

__all__ = [
    "parse_as",
    "parse_yaml",
    "refuse_depth",
    "FOLDER",
    "TEXT_ENDINGS",
    "Contents",
    "Document",
    "MOST_ROUTE_FILE_BYTES",
    "REHEARSAL",
    "Stored",
    "append_row",
    "did_you_mean",
    "extend_observation",
    "load_status",
    "output_problems",
    "parse_status",
    "render_entry",
    "render_row",
    "render_schema",
    "render_scalar",
    "require_lists",
    "save",
    "listed",
    "shown",
    "write_whole",
]
