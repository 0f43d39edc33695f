"""Evidence: mutants of observations: removed, improved, or invented."""

from datetime import timedelta
from hashlib import sha256
from itertools import pairwise

from mutation.tree import STATUS, Changes, Tree, kind, proof_of
from trueup.model import Observation
from trueup.request import request_of
from trueup.retest.status_update import update_status

ROW = """\
  - at: {at}
    endpoint: {endpoint}
    target: {target}
    sent:
      base_url: {base_url}
      request: {request}
      auth: {auth}
      body: {body}
    outcome: output
    billing: aligned
"""


@kind("changed-mapping")
def changed_mapping(tree: Tree) -> Changes:
    rows = tree.rows("mappings")
    for index, mapping in enumerate(tree.stored.status.mappings):
        keys = ("mappings", index)
        yield f"{mapping.alias}: upstream", tree.put((*keys, "upstream"), "gemini-3-image")
        other = "stated" if mapping.how == "seen" else "seen"
        yield f"{mapping.alias}: {other}", tree.put((*keys, "how"), other)
        left = [*rows[:index], *rows[index + 1 :]]
        yield f"{mapping.alias}: removed", tree.with_rows(left, "mappings")


def adverse(tree: Tree) -> list[tuple[int, Observation]]:
    rows = enumerate(tree.stored.status.observations)
    bad = ("error", "mixed")
    return [
        (index, row)
        for index, row in rows
        if row.outcome in bad or row.billing not in (None, "aligned", "inconclusive")
    ]


def label_of(row: Observation) -> str:
    return f"{row.endpoint} at {row.target} on {row.day}"


@kind("removed-observation")
def removed_observation(tree: Tree) -> Changes:
    """A row removed, or moved where it no longer counts."""
    rows = tree.rows()
    for index, row in adverse(tree):
        left = [*rows[:index], *rows[index + 1 :]]
        yield label_of(row), tree.with_rows(left)
        yield f"{label_of(row)}: made the oldest", tree.with_rows([rows[index], *left])


@kind("altered-observation")
def altered_observation(tree: Tree) -> Changes:
    rows = tree.rows()
    for index, row in adverse(tree):
        text = rows[index]
        better = {"outcome: error": "outcome: output", "billing: mismatch": "billing: aligned"}
        better["billing: abnormal"] = "billing: aligned"
        changes = [(old, new) for old, new in better.items() if old in text]
        changes.append((f"target: {row.target}", "target: " + _other_target(tree, row)))
        for name in row.signatures:
            changes.append((name, next(o for o in tree.stored.status.signatures if o != name)))
        for old, new in changes:
            other = text.replace(old, new, 1)
            if new == "outcome: output":
                other = "".join(
                    line for line in other.splitlines(keepends=True) if "signatures:" not in line
                )
            edits = tree.with_rows([*rows[:index], other, *rows[index + 1 :]])
            yield f"{label_of(row)}: {new} for {old}", edits
    for index, row in enumerate(tree.stored.status.observations):
        if row.shape and row.variant is None:
            other = "hosted-url" if row.shape != "hosted-url" else "inline-data"
            yield f"{label_of(row)}: {other}", tree.put(("observations", index, "shape"), other)


def _other_target(tree: Tree, row: Observation) -> str:
    return next(name for name in tree.stored.status.targets if name != row.target)


@kind("changed-date")
def changed_date(tree: Tree) -> Changes:
    """Evidence that is a day older, and texts with a date without evidence."""
    status = tree.stored.status
    for index, row in enumerate(status.observations):
        if row.target == status.reference and row.at is not None:
            other = (row.at - timedelta(days=1)).isoformat().replace("+00:00", "Z")
            name = f"row {index + 1}, {label_of(row)}: {other}"
            yield name, tree.put(("observations", index, "at"), other)
    for name, signature in status.signatures.items():
        cause = f"{signature.cause}, and retested on {tree.now.date()}"
        yield f"cause of {name}", tree.put(("signatures", name, "cause"), f"{cause}\n")


@kind("swapped-signature")
def swapped_signature(tree: Tree) -> Changes:
    """A failure text under the name of another, with the replies of both."""
    signatures = tree.stored.status.signatures
    names = list(signatures)
    for name, other in pairwise([*names, names[0]]):
        texts = tree.stored.text
        for key in ("match", "replay"):
            mine, theirs = _part(tree, name, key), _part(tree, other, key)
            texts = texts.replace(mine, "\0").replace(theirs, mine).replace("\0", theirs)
        yield f"{name} and {other}", {STATUS: texts}
        match = signatures[name].match
        yield (
            f"{name}: reworded",
            {STATUS: tree.stored.text.replace(match, f"{match[:-4]}{match[-1]}")},
        )


def _part(tree: Tree, name: str, key: str) -> str:
    node = tree.stored.document.node("signatures", name, key)
    assert node is not None
    return tree.stored.text[node.start_mark.index : node.end_mark.index]


REPORT = "a report of before"


@kind("made-up-observation")
def made_up_observation(tree: Tree) -> Changes:
    """A success without a proof, for each endpoint that does not have the best standing."""
    status = tree.stored.status
    until = status.policy.reported_until
    sources = {
        "no source": (until, ""),
        "a report of later": (tree.now.date(), "    source: {reported: a person}\n"),
        REPORT: (until, "    source: {reported: a person}\n"),
        "no such receipt": (
            f"{until}T23:00:00Z",
            f"    source: {{receipt: docs/evidence/none.json, sha256: {'0' * 64}}}\n",
        ),
    }
    for _, bad in adverse(tree):
        if bad.target != status.reference:
            continue
        for what, (at, source) in sources.items():
            if what == REPORT and bad.outcome == "output":
                continue  # a success beside another raises nothing
            sent = request_of(status, bad.endpoint, status.reference).body or {}
            body = ", ".join(
                f"{key}: {val if key == 'model' else 'null'}" for key, val in sent.items()
            )
            row = ROW.format(
                at=at,
                endpoint=bad.endpoint,
                target=bad.target,
                base_url=bad.sent.base_url,
                request=bad.sent.request,
                auth=bad.sent.auth,
                body=f"{{{body}}}",
            )
            yield f"{bad.endpoint}: {what}", tree.with_rows([*tree.rows(), row + source])


@kind("forged-receipt")
def forged_receipt(tree: Tree) -> Changes:
    """A valid receipt, with its hash, of a retest that never ran."""
    status = tree.stored.status
    for _, bad in adverse(tree):
        if bad.target == status.reference:
            proof = proof_of(status, bad.endpoint, bad.day, outcome="output")
            made = update_status(tree.stored, [proof], tree.now)
            files = {str(name): content for name, content in made.files.items()}
            yield bad.endpoint, {**files, STATUS: made.stored.text}


@kind("doctored-receipt")
def doctored_receipt(tree: Tree) -> Changes:
    """A receipt that is edited, gone, or differs from its row."""
    for row in tree.retested():
        assert row.source is not None and row.source.receipt is not None
        path = row.source.receipt
        text = tree.text(path)
        yield f"{path}: gone", {path: None}
        for old, new in {
            f'"{row.outcome}"': '"error"',
            '"namespace"': '"none"',
            row.endpoint: tree.stored.status.observations[0].endpoint,
            "curl": "python",
        }.items():
            assert old in text, old
            edits = {path: text.replace(old, new)}
            yield f"{path}: {new}", edits
            yield f"{path}: {new}, with its hash", {**edits, **_hashed(tree, row, edits[path])}
        index = tree.stored.status.observations.index(row)
        keys = ("observations", index, "source")
        yield f"{path}: another file", tree.put((*keys, "receipt"), "docs/evidence/other.json")
        yield f"{path}: another hash", tree.put((*keys, "sha256"), f'"{"0" * 64}"')
        rows = tree.rows()
        better = rows[index].replace(
            "    outcome: output\n", "    outcome: output\n    billing: aligned\n"
        )
        yield (
            f"{path}: a bill that it does not show",
            tree.with_rows([*rows[:index], better, *rows[index + 1 :]]),
        )


def _hashed(tree: Tree, row: Observation, content: str) -> dict[str, str]:
    assert row.source is not None
    new = sha256(content.encode()).hexdigest()
    return {STATUS: tree.stored.text.replace(str(row.source.sha256), new)}
