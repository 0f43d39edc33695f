"""Output: where a reply of another API has its output, as a route says it without code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import ConfigDict, Field

from trueup.model.sent import FileName
from trueup.model.values import Frozen, Kind, Pointer

Files = Mapping[str, bytes]
"""Contents of files of `snippets/files`, by name."""
NO_FILES: Files = MappingProxyType({})


class RouteOutput(Frozen):
    """Place and form of the output in the replies of a route with the protocol `json`."""

    model_config = ConfigDict(populate_by_name=True)

    pointer: Pointer
    """JSON pointer to the output."""
    kind: Kind = "json"
    """Kind of the output. A file of any kind is base64, a data: URI or a link."""
    schema_file: Annotated[FileName | None, Field(alias="schema")] = None
    """File under `snippets/files` with the JSON Schema of the value at the pointer."""
    sample: FileName | None = None
    """File under `snippets/files` with a reply as the docs or a call have it, for the mock."""
    model: Pointer | None = None
    """JSON pointer to the name of the model that answered."""

    @property
    def files(self) -> dict[str, str]:
        """The files by their keys."""
        named = {"schema": self.schema_file, "sample": self.sample}
        return {key: file for key, file in named.items() if file is not None}
