"""Dependencies: the facts of the status file that the replay of an endpoint's block and its
judgement depend on. Where that is in doubt, a fact is taken for one of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

from trueup.mock.replay_index import Replayable, ReplayIndex
from trueup.model import Observation, Sent, split
from trueup.request import request_of
from trueup.status_file import Stored

ROW = {
    *("at", "first", "last", "times", "kind", "reason", "others_conclusive", "group"),
    *("billing", "note", "sample", "source", "retracted"),
}
"""Fields of a row that neither the mock nor the judge reads. Its date, and whether it is a sample,
are shown: a receipt that is used again has those of the row as it is now."""
ROUTE = {"title", "languages", "documented", "free"}
"""Fields of a route that are for readers. The text of a block is compared by itself."""


class Dependencies:
    """What blocks depend on, by endpoint; each part of the status file is read and hashed once.

    A block passes only with one call, which repeats a conclusive row of its endpoint, or its
    request of today where it has none. So rows of any endpoint that may answer such a call belong
    to it, by method, path, query and model; so do the auth methods that are known for the path.
    """

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._status, self._target = stored.status, stored.status.reference
        self._fingerprints: dict[str, str] = {}
        self._routes: dict[str, str] = {}
        self._digests: dict[int, str] = {}

    def rows(self, endpoint: str) -> list[Observation]:
        """Return the rows with which a run of the endpoint's blocks is compared, newest first."""
        return self._status.conclusive(endpoint, self._target)

    def place_of(self, row: Observation) -> str:
        """Return the place of a row in the status file as it is now."""
        return str(self._stored.place("observations", self._numbers[id(row)]))

    def fingerprint(self, endpoint: str) -> str:
        """Return a hash of all facts that the blocks of an endpoint of the file depend on."""
        if endpoint not in self._fingerprints:
            self._fingerprints[endpoint] = hash_of(list(self._facts(endpoint)))
        return self._fingerprints[endpoint]

    def _facts(self, endpoint: str) -> Iterator[Any]:
        status, own, rows = self._status, self._status.endpoints[endpoint], self.rows(endpoint)
        target = status.targets[self._target]
        sent = [row.sent for row in rows] or [request_of(status, endpoint, self._target)]
        answers = self._answers(sent)
        may_fail = not rows or any(row.outcome in ("error", "mixed") for row in rows)
        seen = dict.fromkeys(row.shape for row in status.seen(endpoint) if row.shape)
        files = self._stored.form_files.get(endpoint, {})
        yield [self._target, target.base_url, target.errors, target.upstream_errors]
        yield [own.body, list(seen)]
        yield {name: sha256(content).hexdigest() for name, content in files.items()}
        yield [[self._digest(a.row), self._route(split(a.row.endpoint)[1])] for a in answers]
        yield [self._auths(one.request) for one in sent]
        yield self._signatures if may_fail else None

    def _answers(self, sent: Iterable[Sent]) -> list[Replayable]:
        """Return what the mock may answer a repetition of one of these requests from, in the order
        in which it tries them: the own rows, and those of others. One without a known model may be
        answered from any row."""
        found: dict[int, Replayable] = {}
        for one in sent:
            by_model, model = self._by_request[one.request], _model(one)
            for name in by_model if model is None else (model, None):
                found.update(by_model[name])
        return [item for _, item in sorted(found.items())]

    @cached_property
    def _index(self) -> ReplayIndex:
        return ReplayIndex(self._status, self._target)

    @cached_property
    def _by_request(self) -> dict[str, dict[str | None, dict[int, Replayable]]]:
        made: dict[str, dict[str | None, dict[int, Replayable]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        for number, item in enumerate(self._index.rows):
            made[item.sent.request][_model(item.sent)][number] = item
        return made

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {id(row): number for number, row in enumerate(self._status.observations)}

    @cached_property
    def _signatures(self) -> str:
        found = self._status.signatures.items()
        return hash_of([[name, one.match, one.replay.model_dump()] for name, one in found])

    def _auths(self, request: str) -> list[str]:
        method, path = request.split("?")[0].split(" ", 1)
        return sorted(self._index.auths(method, path))

    def _digest(self, row: Observation) -> str:
        if id(row) not in self._digests:
            self._digests[id(row)] = hash_of(row.model_dump(exclude=ROW))
        return self._digests[id(row)]

    def _route(self, name: str) -> str:
        """Return a hash of a route and of the files that it names; empty for one that is gone."""
        route = self._status.routes.get(name)
        if route is not None and name not in self._routes:
            files = route.output.files.values() if route.output else ()
            contents = [sha256(self._status.files.get(file, b"")).hexdigest() for file in files]
            self._routes[name] = hash_of([route.model_dump(exclude=ROUTE), contents])
        return self._routes.get(name, "")


def _model(sent: Sent) -> str | None:
    """Return the model that a request names beside its path; None where that is not recorded."""
    model = (sent.content or {}).get("model")
    return model if isinstance(model, str) else None


def hash_of(value: Any) -> str:
    """Return a hash of plain values and nouns of the status file."""
    return sha256(to_json(value)).hexdigest()
