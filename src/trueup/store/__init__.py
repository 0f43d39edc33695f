"""Store: the status file to the model and back. The only reader and writer of `status.yml`."""

from trueup.store.complaint import did_you_mean, listed, shown
from trueup.store.edit import (
    append_entry,
    append_mapping,
    append_observation,
    extend_observation,
    save,
)
from trueup.store.form import parse_as
from trueup.store.load import Stored, load_status, parse_status
from trueup.store.row_text import render_entry, render_row, render_text
from trueup.store.schema import render_schema
from trueup.store.whole_file import write_whole
from trueup.store.yaml_text import Document, parse_yaml, refuse_depth

__all__ = [
    "parse_as",
    "parse_yaml",
    "refuse_depth",
    "Document",
    "Stored",
    "append_entry",
    "append_mapping",
    "append_observation",
    "did_you_mean",
    "extend_observation",
    "load_status",
    "parse_status",
    "render_entry",
    "render_row",
    "render_schema",
    "render_text",
    "save",
    "listed",
    "shown",
    "write_whole",
]
