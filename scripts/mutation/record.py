"""Record: mutants of the facts of the status file, of its policy and of its holds."""

from itertools import pairwise

from mutation.tree import STATUS, Changes, Tree, kind
from trueup.finding import RULES
from trueup.model import split

KEYS = ("query key", "bearer", "header x-goog-api-key")


@kind("changed-fact")
def changed_fact(tree: Tree) -> Changes:
    """A fact changed in the models, observed routes or targets, and not in the observations."""
    status = tree.stored.status
    observed = {split(row.endpoint)[1] for row in status.observations}
    for name, route in status.routes.items():
        if name not in observed:
            continue  # the docs team's word is the only one of it
        method, path = route.request.split(" ")
        other = next(key for key in KEYS if key != route.auth)
        yield f"{name}: path", tree.put(("routes", name, "request"), f"{method} {path}s")
        yield f"{name}: method", tree.put(("routes", name, "request"), f"PUT {path}")
        yield f"{name}: {other}", tree.put(("routes", name, "auth"), other)
    for name, target in status.targets.items():
        scheme, _, host = target.base_url.partition("://")
        yield f"{name}: host", tree.put(("targets", name, "base_url"), f"{scheme}://api.{host}")
    aliases = [name for name, model in status.models.items() if model.upstream]
    for name, other in pairwise([*aliases, aliases[0]]):
        keys = ("models", name, "upstream")
        yield f"{name}: that of {other}", tree.put(keys, str(status.models[other].upstream))
        yield f"{name}: its own name", tree.put(keys, name)
        line = f"    upstream: {status.models[name].upstream}\n"
        yield f"{name}: none", tree.swap(STATUS, line, "")


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
    text = text.replace("base_url: http:", "base_url: https:", 1)  # a reference has no other
    other = next(name for name in tree.stored.status.targets if name != reference)
    yield (
        f"{other} is the reference",
        {STATUS: text.replace(f"\n  {other}:\n", f"\n  {other}:\n    reference: true\n", 1)},
    )
    for name in tree.stored.status.targets:
        ledger = {"none": "it is not needed"}
        yield f"no ledger at {name}", tree.put(("targets", name, "ledger"), str(ledger))


@kind("changed-hold")
def changed_hold(tree: Tree) -> Changes:
    """A hold removed, narrowed, raised, or without an endpoint."""
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
        yield f"{hold.endpoint}: of a future date", tree.put((*keys, "on"), later)
