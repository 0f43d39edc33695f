"""Task: how a route's work is created, polled and fetched."""

from typing import Annotated

from pydantic import Field

from trueup.model.values import POINTER, Frozen, Kind, Pointer, Text

POLL = r"^GET /[^\s{}]*\{task_id\}[^\s{}]*$"
Poll = Annotated[str, Field(pattern=POLL, max_length=500)]
"""Method and path of a poll, with `{task_id}` in the place of the task's id."""
TASK_OUTPUT = f"{POINTER}|{POLL}"


class Task(Frozen):
    """Task of a route with the protocol `task`: created once, then polled until it has an end."""

    id: Pointer
    """JSON pointer to the id in the reply that creates it."""
    poll: Poll
    """Request of its state, such as `GET /v1/tasks/{task_id}`, on the same host."""
    state: Pointer
    """JSON pointer to the state in the reply to a poll."""
    done: Annotated[tuple[Text, ...], Field(min_length=1)]
    """States of a task that has its output."""
    failed: tuple[Text, ...] = ()
    """States of a task that failed."""
    output: Annotated[str, Field(pattern=TASK_OUTPUT, max_length=500)]
    """JSON pointer to the output in the reply to the last poll: base64, a data: URI or a link. Or
    the request that fetches it with the key, such as `GET /v1/tasks/{task_id}/content`."""
    kind: Kind
    """Kind of the output."""
    error: Pointer | None = None
    """JSON pointer to the text of a failed task."""

    @property
    def fetch(self) -> str | None:
        """The request that fetches the output; None where a pointer leads to it."""
        return self.output if self.output.startswith("GET ") else None

    @property
    def pointer(self) -> Pointer:
        """The pointer to the output; the whole document where a request fetches it."""
        return "" if self.fetch else self.output
