"""Built site: findings in a site without its feed or its receipts."""

from datetime import date
from pathlib import Path

from trueup.check.built_site import check_built
from trueup.evidence import assess
from trueup.feed import feed_of
from trueup.status_file import Stored
from trueup.verify.block_receipt import Report

STAMPED = "<html><body><!--stamp:a--curl--><p>Run.</p><!--/stamp--></body></html>"


def rules(site: Path, stored: Stored) -> set[str]:
    return {one.rule for one in check_built(stored.status, [], [], [], site)}


def test_lines_without_their_receipts_are_found(tmp_path: Path, stored: Stored) -> None:
    (tmp_path / "status.json").write_text(
        feed_of(stored.status, assess(stored.status), date(2026, 5, 1)).render()
    )
    (tmp_path / "index.html").write_text("<html><body>Nothing was run.</body></html>")
    assert rules(tmp_path, stored) == {"no-blocks"}
    (tmp_path / "index.html").write_text(STAMPED)
    assert rules(tmp_path, stored) == {"no-blocks", "wrong-stamp"}
    (tmp_path / "receipts.json").write_text(Report(()).render())
    assert rules(tmp_path, stored) == {"no-blocks"}
    (tmp_path / "receipts.json").write_text("[]")
    assert rules(tmp_path, stored) == {"no-blocks", "wrong-stamp"}


def test_a_site_of_another_status_file_is_found(tmp_path: Path, stored: Stored) -> None:
    (tmp_path / "index.html").write_text("<html></html>")
    assert rules(tmp_path, stored) == {"no-blocks", "stale-site"}
    feed = feed_of(stored.status, assess(stored.status), date(2026, 5, 1))
    other = feed.model_copy(update={"base_url": "https://other.example"})
    (tmp_path / "status.json").write_text(other.render())
    assert rules(tmp_path, stored) == {"no-blocks", "stale-site"}
