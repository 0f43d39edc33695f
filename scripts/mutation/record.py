"""Record: mutants of the facts of the status file, of its policy and of its holds."""

from itertools import pairwise

from mutation.evidence import called
from mutation.kinds import Changes, kind
from mutation.tree import STATUS, Tree
from trueup.finding import RULES

KEYS = ("query-key", "bearer", "x-goog-api-key")


@kind("wrong-path")
def wrong_path(tree: Tree) -> Changes:
    for name, route in tree.stored.status.routes.items():
        method, path = route.request.split(" ")
        first, _, rest = path[1:].partition("/")
        paths = (path[:-1], f"/v9{path[1 + len(first) :]}", f"/{rest}", f"{path}/", path.upper())
        for other in paths:
            yield f"{name}: {other}", tree.put(("routes", name, "request"), f"{method} {other}")


@kind("wrong-method")
def wrong_method(tree: Tree) -> Changes:
    for name, route in tree.stored.status.routes.items():
        method, path = route.request.split(" ")
        for other in ("GET", "PUT", "PATCH"):
            if other != method:
                yield f"{name}: {other}", tree.put(("routes", name, "request"), f"{other} {path}")


@kind("wrong-auth")
def wrong_auth(tree: Tree) -> Changes:
    for name, route in tree.stored.status.routes.items():
        for other in KEYS:
            if other != route.auth.documented:
                yield f"{name}: {other}", tree.put(("routes", name, "auth", "documented"), other)


@kind("wrong-host")
def wrong_host(tree: Tree) -> Changes:
    for name, target in tree.stored.status.targets.items():
        scheme, _, host = target.base_url.partition("://")
        for other in (f"{scheme}://api.{host}", f"{scheme}://{host[1:]}"):
            yield f"{name}: {other}", tree.put(("targets", name, "base_url"), other)


@kind("swapped-model")
def swapped_model(tree: Tree) -> Changes:
    models = tree.stored.status.models
    aliases = [name for name, model in models.items() if model.upstream]
    for name, other in pairwise([*aliases, aliases[0]]):
        keys = ("models", name, "upstream")
        yield f"{name}: that of {other}", tree.put(keys, str(models[other].upstream))
        yield f"{name}: another", tree.put(keys, f"{models[name].upstream}-001")
        yield f"{name}: none", tree.swap(STATUS, f"    upstream: {models[name].upstream}\n", "")


@kind("alias-as-upstream")
def alias_as_upstream(tree: Tree) -> Changes:
    for name, model in tree.stored.status.models.items():
        if model.upstream:
            yield name, tree.put(("models", name, "upstream"), name)


@kind("changed-body")
def changed_body(tree: Tree) -> Changes:
    """A field more, and where the record shows its name, a field by another name."""
    for name, endpoint in tree.stored.status.endpoints.items():
        if not tree.stored.status.seen(name):
            continue
        first = next(iter(endpoint.body))
        place = tree.stored.place("endpoints", name, "body")
        offset = sum(map(len, tree.stored.text.splitlines(keepends=True)[: place.line - 1]))
        for other in (f"{first}s", f"extra: 1, {first}", ""):
            if not tree.stored.text[offset:].lstrip().startswith("body: {"):
                other = other.replace("extra: 1, ", "extra: 1\n      ")
            new = f"{other}:" if other else "other:"
            yield f"{name}: {new}", tree.swap(STATUS, f"{first}:", new, offset)


@kind("changed-variant")
def changed_variant(tree: Tree) -> Changes:
    """Another value where the record has one, and another number of references."""
    for row in tree.stored.status.observations:
        if row.variant is None:
            continue
        asked = tree.stored.status.endpoints[row.endpoint].variants[row.variant].body
        for field, value in row.sent.body.items():
            keys = ("endpoints", row.endpoint, "variants", row.variant, "body", field)
            if field in asked and isinstance(value, str):
                yield f"{row.variant}: {field}", tree.put(keys, f'"{value}0"')
            elif field in asked and isinstance(value, list):
                yield f"{row.variant}: {field}", tree.put(keys, "[]")


@kind("loosened-policy")
def loosened_policy(tree: Tree) -> Changes:
    policy = tree.stored.status.policy
    days = policy.fresh_for.days
    for name, value in {
        "fresh_for": f"{days + 1}d",
        "confirm_after": policy.confirm_after - 1,
        "recover_after": policy.recover_after - 1,
        "reported_until": tree.now.date(),
    }.items():
        yield f"{name}: {value}", tree.put(("policy", name), str(value))
    line = f"  fresh_for: {days}d\n"
    areas: set[str] = set()
    for name, rule in RULES.items():
        if rule.severity == "warning" or rule.area not in areas:
            areas.add(rule.area)
            less = "off" if rule.severity == "warning" else "warning"
            yield name, tree.swap(STATUS, line, f"{line}  severities: {{{name}: {less}}}\n")
    loosened = f"{line}  severities: {{drift: warning}}\n  loosened: it is in the way\n"
    yield "an error made a warning, with a reason", tree.swap(STATUS, line, loosened)
    reference = tree.stored.status.reference
    text = tree.stored.text.replace("    reference: true\n", "")
    other = next(name for name in tree.stored.status.targets if name != reference)
    yield (
        f"{other} is the reference",
        {STATUS: text.replace(f"\n  {other}:\n", f"\n  {other}:\n    reference: true\n", 1)},
    )
    for name in tree.stored.status.targets:
        ledger = f"\n  {name}:\n    ledger: {{none: it is not needed}}\n"
        yield f"no ledger at {name}", tree.swap(STATUS, f"\n  {name}:\n", ledger)


@kind("stale-skip")
def stale_skip(tree: Tree) -> Changes:
    text, day = tree.stored.text, tree.stored.status.policy.reported_until
    for name in tree.stored.status.endpoints:
        skip = f"  {name}:\n    skip: {{reason: no key, until: {day}}}\n"
        yield name, {STATUS: text.replace(f"  {name}:\n", skip, 1)}


@kind("changed-hold")
def changed_hold(tree: Tree) -> Changes:
    """A hold taken away, narrowed, lifted, or aimed at nothing."""
    rows = tree.rows("holds")
    for index, hold in enumerate(tree.stored.status.holds):
        keys = ("holds", index)
        held = [n for n in tree.stored.status.endpoints if n != hold.endpoint]
        yield f"{hold.endpoint}: of another", tree.put((*keys, "endpoint"), held[-1])
        yield f"{hold.endpoint}: of none", tree.put((*keys, "endpoint"), f"{hold.endpoint}s")
        yield f"{hold.endpoint}: to the best", tree.put((*keys, "to"), "recommended")
        yield f"{hold.endpoint}: to less", tree.put((*keys, "to"), "controlled-testing")
        yield f"{hold.endpoint}: without a name", tree.swap(STATUS, f"    by: {hold.by}\n", "")
        left = [*rows[:index], *rows[index + 1 :]]
        gone = tree.with_rows(left, "holds")[STATUS]
        yield (
            f"{hold.endpoint}: gone",
            {STATUS: gone.replace("\nholds:\n", "\n") if not left else gone},
        )
        later = str(tree.now.date().replace(year=tree.now.year + 1))
        yield f"{hold.endpoint}: of a day to come", tree.put((*keys, "on"), later)


@kind("broken-status-file")
def broken_status_file(tree: Tree) -> Changes:
    """What cannot be read, and what names nothing that is there."""
    text, status = tree.stored.text, tree.stored.status
    yield "no YAML", {STATUS: text + "\n  - [\n"}
    yield "no UTF-8", {STATUS: text.encode() + b"# \xff\n"}
    yield "a key twice", {STATUS: text + "\nversion: 1\n"}
    yield "a field of nobody", {STATUS: text + "\nstanding: recommended\n"}
    yield "gone", {STATUS: None}
    for name in status.endpoints:
        model, _, route = name.partition("/")
        yield (
            f"{name}: no such route",
            {STATUS: text.replace(f"  {name}:", f"  {model}/{route}s:", 1)},
        )
        field = f"  {name}:\n    standing: recommended\n"
        yield f"{name}: a standing", {STATUS: text.replace(f"  {name}:\n", field, 1)}
    for index, row in enumerate(status.observations):
        if row.signatures:
            keys = ("observations", index, "signatures", 0)
            yield f"{called(row)}: no such text", tree.put(keys, "no-such-text")
