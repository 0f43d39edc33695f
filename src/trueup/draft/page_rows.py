"""Page rows: the dated claims of pages as rows of a draft, where it is certain what they are about.
The others are noted for a person."""

import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from trueup.audit.past import Past, read_past
from trueup.audit.replaced import read_replaced
from trueup.audit.rules.evidence import check_evidence
from trueup.audit.tree import Tree
from trueup.draft.openapi import TARGET, Draft, is_neutral
from trueup.draft.page_calls import PageCall
from trueup.draft.page_claims import Claim, page_claims
from trueup.git_repository import Repository
from trueup.message import Message
from trueup.model import NO_MODEL, Observation, Status, split
from trueup.place import Place


def add_rows(
    draft: Draft,
    status: Status,
    tree: Tree,
    paths: Sequence[str],
    calls: Sequence[PageCall],
    *,
    is_forced: bool,
) -> None:
    """Add the rows of the dated claims, oldest first, and a note for each that is none."""
    past, rewritten = _history(draft, tree)
    upstreams = {one.upstream: name for name, one in draft.models.items() if one.upstream}
    names = {*draft.models, *upstreams} - {None}
    patterns = {
        str(name): re.compile(rf"(?<![\w.\-/]){re.escape(str(name))}(?![\w\-]|\.\w)", re.IGNORECASE)
        for name in sorted(names, key=lambda one: -len(str(one)))
    }
    rows: dict[tuple[date, str, str], tuple[str, Observation]] = {}
    for path in paths:
        page = tree.pages[path]
        history = past.lines_of(page) if past.commits else []
        here = _called(draft, [call for call in calls if call.page == path], upstreams)
        for claim in page_claims(page, history, patterns):
            place = tree.place(path, claim.line)
            since = claim.rewritten or ("" if place in rewritten else None)
            if since is not None and not is_forced:
                problem = "left out: the line was rewritten after its date"
                problem += f" (commit {since})" if since else ""
                fix = "Read trueup audit, correct the line, or give --despite-rewritten."
                draft.notes.append(Message(place, problem, fix))
                continue
            for endpoint in _endpoints(draft, claim, upstreams, here, place):
                row = _row(draft, status, claim, endpoint)
                rows.setdefault((claim.day, endpoint, row.outcome), (_words(claim), row))
    draft.rows = [rows[key] for key in sorted(rows, key=lambda key: key[0])]


def _history(draft: Draft, tree: Tree) -> tuple[Past, set[Place]]:
    """Return the history, and the places of claims that the audit found rewritten."""
    try:
        past = read_past(Repository(tree.top))
    except (OSError, subprocess.SubprocessError):
        past = Past()
    if not past.commits:
        problem = "no history can be read: whether a claim was rewritten is not known"
        draft.notes.append(Message(Place(str(tree.top)), problem, "Check the rows with git log."))
        return past, set()
    found = [one.finding for one in check_evidence(tree, read_replaced(tree, past))]
    return past, {place for one in found for place in (one.where, *one.others)}


def _called(draft: Draft, calls: Sequence[PageCall], upstreams: dict[str, str]) -> set[str]:
    """Return the endpoints that some calls are of."""
    names = {one.route.request: one.name for one in draft.routes}
    models = [upstreams.get(call.model, call.model) or NO_MODEL for call in calls]
    routes = [names.get(" ".join(call.route)) for call in calls]
    return {f"{model}/{route}" for model, route in zip(models, routes, strict=True)}


def _endpoints(
    draft: Draft,
    claim: Claim,
    upstreams: dict[str, str],
    here: set[str],
    place: Place,
) -> list[str]:
    """Return the endpoints that a claim is about; none, with a note, where that is not certain."""
    requests = {one.name: one.route.request.partition("?")[0] for one in draft.routes}
    routes = {f"{method} {path}" for method, path in claim.routes}
    models = [upstreams.get(name, name) for name in claim.models]
    fitting = [
        one
        for one in draft.endpoints
        if (not routes or requests[split(one)[1]] in routes)
        and (not models or split(one)[0] in models)
    ]
    for found in (fitting, [one for one in fitting if one in here]):
        per_model = Counter(split(one)[0] for one in found)
        is_certain = len(found) == 1 or (set(per_model) == set(models) and len(routes) == 1)
        if found and is_certain and claim.outcome and claim.day <= draft.day:
            return found
    problem = f"the claim of {claim.day} is no row: "
    if claim.day > draft.day:
        problem += "its date is yet to come"
    elif not claim.outcome:
        problem += "whether it worked cannot be read"
    else:
        problem += f"it may be about {len(fitting)} endpoints"
    draft.notes.append(Message(place, problem, "Write the row in status.yml, if it is one."))
    return []


def _row(draft: Draft, status: Status, claim: Claim, endpoint: str) -> Observation:
    """Return a claim as a row: nobody knows what else was sent, so that it raises nothing."""
    model, name = split(endpoint)
    route = next(one.route for one in draft.routes if one.name == name)
    known, own = draft.endpoints[endpoint], draft.models.get(model)
    upstream = (own.upstream or model) if own else ""
    sent: dict[str, Any] = {"base_url": draft.base_url, "auth": route.auth}
    sent["request"] = route.request.replace("{upstream}", upstream)
    sent["headers"] = dict.fromkeys(route.headers)
    if known.form is not None:
        sent["form"] = {"*": None}
    elif known.body is not None:
        sent["body"] = {"*": None}
    place = f"{claim.page}:{claim.line}"
    return Observation.model_validate(
        {
            "at": claim.day,
            "endpoint": endpoint,
            "target": TARGET,
            "sent": sent,
            "outcome": claim.outcome,
            "source": {"reported": place if is_neutral(status, place) else "a page"},
        }
    )


def _words(claim: Claim) -> str:
    """Return the words of a claim as a comment beside its row."""
    text = "".join(char if char.isprintable() else " " for char in claim.text)
    return f"{claim.page}:{claim.line}: {' '.join(text.split())[:200]}"
