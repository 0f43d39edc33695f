"""Rules: each is red on its sample and silent on the near one, as `manual/rules.yml` says.

The site that `trueup init` writes is built and verified once; each sample changes a copy.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from hashlib import sha256
from pathlib import Path

import lxml.html
import markdown
import pytest
from conftest import TOP
from git_repository import commit, git
from mkdocs.config import load_config
from samples import Change, Pair, Sample, Samples, load_samples, render_rules
from sharing import unmeasured
from test_verify_run import serving

from trueup.check import Check, Sources, apply_baseline, load_baseline
from trueup.check.site_comparison import compare_sites
from trueup.docs import Docs
from trueup.errors import BadInput
from trueup.finding import RULES, Finding, by_policy
from trueup.mock import create_app
from trueup.receipts import Attempt, RetestReceipt
from trueup.request import request_of
from trueup.retest.status_update import update_status, write_update
from trueup.scaffold import InstallSource, SiteAnswers, write_starter
from trueup.site import note_translation
from trueup.status_file import load_status, parse_as, parse_yaml
from trueup.verify.cache import Cache
from trueup.verify.pool import Pool
from trueup.verify.run import open_mock, open_relay

BUILT = re.compile(r"(site/example-image-1/index\.html:)[0-9]+")
DAY = date(2026, 5, 2)
NOON = datetime.combine(DAY, time(12), UTC)
KEY = "YOUR_API_KEY"
SAMPLES = load_samples(TOP / "manual" / "rules.yml")
NEAR = {rule: pair.benign for rule, pair in SAMPLES.items()}
ALIKE: dict[str, list[str]] = {}
"""The rules by how their near samples are checked: what such samples change fits into one copy."""
for rule, sample in NEAR.items():
    command = f"{sample.command} in {sample.base}".removeprefix("trueup ")
    if sample.built and all(change.file.startswith("site/") for change in sample.changes):
        command += " with an edited page"
    ALIKE.setdefault(command, []).append(rule)
JAPANESE = {
    "Image generations": "画像の生成",
    "the only observation is a sample that trueup init wrote; no gateway was called": "見本",
    "a sample, to be replaced by a retest": "再テストまでの見本",
    "SAMPLE written by trueup init, seen by nobody": "誰も見ていない見本",
}


@dataclass(frozen=True)
class Bases:
    """The sites that samples start from, each a folder; `starter` is built and verified too."""

    folder: Path

    def copy(self, sample: Sample, top: Path) -> None:
        """Make a copy, by hard links where only `apply` writes into it."""
        is_built = sample.built or sample.run
        left_out = shutil.ignore_patterns() if is_built else shutil.ignore_patterns("site")
        how = shutil.copy2 if sample.run else os.link
        shutil.copytree(self.folder / sample.base, top, copy_function=how, ignore=left_out)


def load_docs(top: Path, day: date = DAY) -> Docs:
    return Docs.load(top, datetime.combine(day, time(12), UTC), day)


def translate(top: Path) -> None:
    shutil.copytree(top / "docs" / "en", top / "docs" / "ja")
    settings = "INHERIT: mkdocs.yml\ndocs_dir: docs/ja\ntheme: {language: ja}\n"
    (top / "mkdocs.ja.yml").write_text(settings, "utf-8")
    entries = [
        f'msgid "{text}"\nmsgstr "{translation}"\n' for text, translation in JAPANESE.items()
    ]
    (top / "docs" / "ja.po").write_text("\n".join(entries), "utf-8")
    note_translation(top / "docs", "ja", load_docs(top).pages)


def retest(top: Path) -> None:
    stored = load_status(top / "status.yml", NOON)
    (endpoint,) = stored.status.endpoints
    sent = request_of(stored.status, endpoint, "production")
    proof = RetestReceipt(
        endpoint=endpoint,
        target="production",
        language="curl",
        block="curl",
        sha256=sha256(b"curl").hexdigest(),
        containment="namespace",
        attempts=(Attempt(at=NOON, outcome="output", status=200, shape="b64-json", sent=sent),),
    )
    write_update(top, update_status(stored, [proof], NOON))


def mocked(docs: Docs) -> Pool:
    """Return a pool at the mock, which runs no block again that has a receipt beside the site."""
    cache = Cache(docs.top.parent / "receipts.json", docs.stored, ["rules"])
    return Pool(partial(open_mock, docs.stored), cache=cache)


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Bases:
    made = Bases(tmp_path_factory.mktemp("rules"))
    starter = made.folder / "starter"
    changes: dict[str, Callable[[Path], None]] = {"translated": translate, "retested": retest}
    write_starter(starter, SiteAnswers(day=DAY), InstallSource(("trueup==0.1.0",)))
    for name, change in changes.items():
        shutil.copytree(starter, made.folder / name)
        change(made.folder / name)
    for name in ("starter", *changes):
        commit(made.folder / name)
        git(made.folder / name, "gc", "--quiet")  # It is copied for each sample.
    # In the folder of the samples, where a receipt holds for an unchanged block.
    docs = load_docs(starter.rename(made.folder / "sample"))
    with unmeasured():
        docs.build(to_be_verified=True)
        assert docs.verify(mocked(docs))[1] == []
    docs.top.rename(starter)
    return made


@pytest.fixture
def top(bases: Bases) -> Iterator[Path]:
    """The folder of a sample: the same for each, so that Jinja compiles each template once."""
    yield bases.folder / "sample"
    shutil.rmtree(bases.folder / "sample", ignore_errors=True)


def apply(top: Path, change: Change) -> None:
    """Make one change; a link to a file of the base is replaced, not written to."""
    file = top / change.file
    if change.text is not None:
        put(file, change.text)
    elif change.to is not None:
        (top / change.to).parent.mkdir(parents=True, exist_ok=True)
        file.rename(top / change.to)
    elif change.gone:
        file.unlink()
    else:
        before = file.read_text("utf-8")
        assert change.old and change.new is not None
        assert before.count(change.old) == 1, f"{change.file}: {change.old!r}"
        after = before.replace(change.old, change.new)
        put(file, after)
        if change.rehashed:
            hashes = (sha256(text.encode()).hexdigest() for text in (before, after))
            apply(top, Change(file="status.yml", **dict(zip(("old", "new"), hashes, strict=True))))


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_text(text, "utf-8")


def findings_of(sample: Sample, top: Path, bases: Bases) -> list[Finding]:
    """Return the findings in a copy of the sample's base with its changes."""
    bases.copy(sample, top)
    for change in sample.changes:
        apply(top, change)
    return check(sample, top, bases)


def check(sample: Sample, top: Path, bases: Bases) -> list[Finding]:
    """Return the findings in a copy as the sample's command reports them."""
    now = datetime.combine(sample.day, time(12), UTC)
    if sample.run:
        return list(run(sample, load_docs(top, sample.day)))
    check = Check(Sources(top, now), sample.day)
    found = check.run(against=sample.against, fails_stale=sample.fails_stale)
    if sample.built:
        found += built(sample, top, bases)
    return by_policy(apply_baseline(found, load_baseline(top), top, sample.day), {})


def built(sample: Sample, top: Path, bases: Bases) -> list[Finding]:
    """Return the findings in a site, compared with that of its base where no source changed."""
    docs = load_docs(top, sample.day)
    if not is_of_site(sample):
        return docs.check_built()
    fresh = bases.folder / sample.base / "site"
    return [*compare_sites(docs.site, fresh), *docs.check_site()]


def is_of_site(sample: Sample) -> bool:
    return all(change.file.startswith("site/") for change in sample.changes)


def run(sample: Sample, docs: Docs) -> list[Finding]:
    """Return the findings of running the blocks, after a build where the sources changed."""
    if not is_of_site(sample):
        docs.build(to_be_verified=True)
    if sample.run == "mock":
        return docs.verify(mocked(docs))[1]
    assert sample.run and sample.max_calls
    gateway = create_app(docs.stored.status, target=sample.run, keys=[KEY])
    with serving(gateway) as port:
        address = f"http://127.0.0.1:{port}"
        harness = partial(open_relay, docs.stored, sample.run, KEY, sample.max_calls, to=address)
        return docs.verify(Pool(harness))[1]


EDITED = ("changed-text", "unknown-file", "page-policy", "stale-site")
"""The rules of the built site that any edit of its files breaks."""


def lines(found: list[Finding], top: Path) -> list[str]:
    """Return the findings as printed, with paths from the top of the site.

    The theme decides the line of a block in the built page.
    """
    texts = [str(one).replace(f"{top}/", "") for one in found]
    return [BUILT.sub(r"\1…", text) for text in texts]


@pytest.mark.parametrize(
    "rule",
    # A run at the relay; tests/test_verify.py has its judgement.
    [pytest.param(r, marks=[pytest.mark.long] * (r == "inconclusive-block")) for r in RULES],
)
def test_a_rule_is_red_on_its_sample_in_exact_words(rule: str, bases: Bases, top: Path) -> None:
    sample = SAMPLES[rule].red
    found = findings_of(sample, top, bases)
    own = [one for one in found if one.rule == rule]
    assert lines(own, top) == [BUILT.sub(r"\1…", str(sample.finding))]
    edited = EDITED if sample.built and rule not in EDITED else ()
    others = {one.rule for one in found}.difference(edited)
    assert others == {rule, *sample.beside}, lines(found, top)


@pytest.mark.long
@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_silent_on_its_near_sample(rule: str, bases: Bases, top: Path) -> None:
    assert lines(near_findings([rule], findings_of(NEAR[rule], top, bases)), top) == []


@pytest.mark.parametrize(
    "alike",
    # A run of the blocks without a finding is in the making of the bases too.
    [pytest.param(a, marks=[pytest.mark.long] * a.startswith("verify")) for a in ALIKE],
)
def test_rules_are_silent_on_their_near_samples_in_one_copy(
    alike: str, bases: Bases, top: Path
) -> None:
    waiting = ALIKE[alike]
    while waiting:
        made = make_together(waiting, bases, top)
        if near_findings(made, check(NEAR[made[0]], top, bases)):  # of one, or of two together
            for rule in made:
                shutil.rmtree(top)
                found = findings_of(NEAR[rule], top, bases)
                assert lines(near_findings([rule], found), top) == [], rule
        waiting = [rule for rule in waiting if rule not in made]


def make_together(rules: list[str], bases: Bases, top: Path) -> list[str]:
    """Make one copy with the first near sample and all others that fit; return their rules."""
    made: list[str] = []
    known: list[Change] = []
    shutil.rmtree(top, ignore_errors=True)
    bases.copy(NEAR[rules[0]], top)
    for rule in rules:
        changes = NEAR[rule].changes
        if not made or all(fits(top, change, known) for change in changes):
            made.append(rule)
            known += changes
            for change in changes:
                apply(top, change)
    return made


def fits(top: Path, change: Change, known: list[Change]) -> bool:
    """Return whether a change can be made beside others: of another file, or of another text."""
    beside = [one for one in known if {one.file, one.to} & {change.file, change.to} - {None}]
    if change.old is None or any(one.old is None for one in beside):
        return not beside
    text, old = (top / change.file).read_text("utf-8"), change.old.strip()
    return text.count(change.old) == 1 and not any(old in str(one.old) for one in beside)


def near_findings(rules: list[str], found: list[Finding]) -> list[Finding]:
    """Return the findings without those that any edit of a built page has."""
    edited = [rule for rule in EDITED if NEAR[rules[0]].built and rules != [rule]]
    return [one for one in found if one.rule not in edited]


def test_every_rule_has_a_pair_of_samples_and_every_pair_a_rule() -> None:
    assert list(SAMPLES) == list(RULES)
    assert all(pair.benign.finding is None and not pair.benign.beside for pair in SAMPLES.values())


def test_a_rule_without_samples_ends_the_build() -> None:
    left = {name: pair for name, pair in SAMPLES.items() if name != "drift"}
    with pytest.raises(BadInput, match="no pair of samples for drift"):
        render_rules(left)


def test_a_sample_that_cannot_be_made_fails(bases: Bases, top: Path) -> None:
    absent = Change(file="status.yml", old="no such line", new="")
    with pytest.raises(AssertionError, match="no such line"):
        findings_of(Sample(changes=(absent,)), top, bases)


@pytest.mark.parametrize(
    "fields", ["text: x, gone: true", "old: x", "new: x", "", "to: x, old: y, new: z"]
)
def test_a_change_of_no_one_kind_is_refused_with_its_place(fields: str) -> None:
    sample = f"{{changes: [{{file: a.md, {fields}}}]}}"
    text = f"rules:\n  drift: {{red: {sample}, benign: {{}}}}\n"
    with pytest.raises(BadInput, match=r"^rules.yml:2:\d+: .*needs exactly one of old with new"):
        parse_as(parse_yaml(text, "rules.yml"), Samples)


def test_the_page_holds_each_rule_under_its_own_address_and_every_sample_as_text() -> None:
    text = render_rules(SAMPLES)
    page = lxml.html.fromstring(f"<article>{markdown_of(text)}</article>")
    assert [one.get("id") for one in page.iter("h4")] == list(RULES)
    codes = [code.text_content().rstrip() for code in page.xpath("//pre//code")]
    for pair in SAMPLES.values():
        assert pair.red.finding in codes
        for change in (*pair.red.changes, *pair.benign.changes):
            for line in [*(change.new or "").splitlines(), *(change.text or "").splitlines()]:
                assert any(line in one for one in codes), line
    known = {"a", "article", "h3", "h4", "p", "em", "code", "div", "pre", "span"}
    assert {one.tag for one in page.iter()} == known


def test_whatever_a_sample_holds_stays_text() -> None:
    wild = "a ```` `` {{ 1 }} {% x %} </code></pre><script>x</script> <!--stamp:x--> &amp; *b*"
    change = Change(file="a.md", text=f"{wild}\n# one\n")
    sample = Sample(changes=(change,), finding=wild, because=wild)
    pairs = {name: Pair(red=sample, benign=sample) for name in RULES}
    page = lxml.html.fromstring(f"<article>{markdown_of(render_rules(pairs))}</article>")
    assert len(page.xpath("//pre")) == 3 * len(RULES) and not page.xpath("//script")
    assert [one.get("id") for one in page.iter("h4")] == list(RULES)
    texts = [one.text_content() for one in page.xpath("//pre//code|//p")]
    assert sum(wild in one for one in texts) == 4 * len(RULES)


def markdown_of(text: str) -> str:
    config = load_config(str(TOP / "manual" / "mkdocs.yml"))
    converter = markdown.Markdown(
        extensions=config.markdown_extensions, extension_configs=config.mdx_configs
    )
    return str(converter.convert(text))


@pytest.mark.parametrize("rule", RULES)
def test_a_finding_is_a_problem_and_a_fix_in_sentences(rule: str) -> None:
    found = SAMPLES[rule].red.finding or ""
    text, _, tail = found.rpartition(" [")
    assert tail == f"{rule}]"
    assert re.search(r"[^.]\. [A-Z`{].*[.?]$", text), text
    assert not re.search(r"\.\.(?!\w|/)|[.?][A-Z][a-z]+ |\. [a-z]", text.replace("e.g. ", "")), text
