"""Task: work that one request creates and further ones poll, as the route describes it."""

import json
import re
from dataclasses import replace
from typing import Any, Self

from trueup.media_type import ending_of
from trueup.model import NO_FILES, Files, Route, RouteOutput, Target, Task
from trueup.protocols.error_body import ErrorBody, explain
from trueup.protocols.json_output import JsonOutput
from trueup.protocols.json_pointer import value_at, with_value
from trueup.protocols.protocol import Protocol, Reply, Sample, WordedReply, without_output, worded

TASK_ID = re.compile(r"(?!\.+$)[\x21-\x7e]{1,200}")
"""An id that is sent back in a path, percent-encoded: none that leads to another path."""


class TaskOutput(JsonOutput):
    """The reply to a poll, which has the output of a task or its failure."""

    shapes = {"link": "video", "value": "video", "content": "video"}
    free = ("prompt",)
    task = Task(
        id="/id",
        poll="GET /{task_id}",
        state="/state",
        done=("done",),
        output="/output",
        kind="video",
    )

    def of_route(self, route: Route, target: Target | None = None, files: Files = NO_FILES) -> Self:
        task = route.task or self.task
        output = RouteOutput(pointer=task.pointer, kind=task.kind)
        bound = super().of_route(route.model_copy(update={"output": output}), target, files)
        bound.task = task
        if task.fetch:
            bound.shapes = {"content": task.kind}
        elif "link" in bound.shapes:  # as tasks have it mostly
            bound.shapes = {"link": task.kind, "value": task.kind}
        return bound

    def body(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        return {"model": model, **body}

    def task_id(self, status: int, content: bytes) -> str | None:
        """Return the id of the task that a reply says was created; None where it was not."""
        found = value_at(_json(content), self.task.id) if 200 <= status < 300 else None
        text = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
        return text if TASK_ID.fullmatch(text) else None

    def read_created(self, status: int, content: bytes) -> Reply:
        """Return the reply that created no task, as an error."""
        found = super().read(status, content)
        if found.error is None:
            return without_output(_json(content), "task")
        return replace(found, error=found.error.replace(f"no {self.task.kind} in", "no task in", 1))

    def pending_state(self, status: int, content: bytes) -> str | None:
        """Return the state of a task that has no end yet, None for any other reply."""
        state = value_at(_json(content), self.task.state) if 200 <= status < 300 else None
        if state is None or str(state) in (*self.task.done, *self.task.failed):
            return None
        return str(state)[:100]

    def is_done(self, status: int, content: bytes) -> bool:
        """Return whether a reply to a poll says that the task has its output."""
        state = value_at(_json(content), self.task.state) if 200 <= status < 300 else None
        return state is not None and str(state) in self.task.done

    def read_fetched(self, status: int, content: bytes, content_type: str) -> Reply:
        """Return the output that a reply is; JSON in place of a file is an error."""
        kind, form = self.task.kind, ending_of(content)
        is_output = form == "json" if kind == "json" else form not in ("json", "html")
        if 200 <= status < 300 and content.strip() and is_output:
            return Reply(kind=kind, shape="content", content=content)
        return Protocol.read(self, status, content, content_type)

    def find_in(self, reply: Any) -> Reply:
        if str(value_at(reply, self.task.state)) in self.task.failed:
            pointer = self.task.error
            said = explain(value_at(reply, pointer)) if pointer is not None else ""
            error = ErrorBody(said or explain(reply) or "the task failed")
            return Reply(error=error.text, error_body=error)
        if self.task.fetch:
            return without_output(reply, self.task.kind)
        return super().find_in(reply)

    def word(
        self, shape: str, sample: Sample, upstream: str, *, has_usage: bool = False
    ) -> WordedReply:
        if shape == "content":
            return WordedReply(sample.content, sample.mime)
        reply = json.loads(super().word(shape, sample, upstream).content)
        return worded(with_value(reply, self.task.state, self.task.done[0]))

    def word_done(self) -> WordedReply:
        """Return the reply of the mock to a poll of a task whose output is fetched."""
        return worded(with_value(None, self.task.state, self.task.done[0]))

    def word_created(self, task_id: str) -> WordedReply:
        """Return the reply of the mock that creates a task."""
        return worded(with_value(None, self.task.id, task_id))


def _json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
