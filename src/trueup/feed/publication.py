"""Publication: the record as of a date and the place of its site, of which every file is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from trueup.evidence import Assessment, Change, assess
from trueup.finding import printable
from trueup.model import NO_MODEL, Status, anchor, split


@dataclass(frozen=True)
class Publication:
    """A status file as it is published.

    `address` is that of the published site, if known, and `places` are the paths within it of the
    endpoints.
    """

    status: Status
    today: date
    is_rehearsal: bool = False
    address: str = ""
    places: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def assessments(self) -> Mapping[str, Assessment]:
        """The assessment of each endpoint."""
        return assess(self.status)

    @property
    def base_url(self) -> str:
        """Scheme and host of the target that makes standings."""
        return self.status.targets[self.status.reference].base_url

    @property
    def host(self) -> str:
        """The host whose standings these are."""
        return urlsplit(self.base_url).netloc

    @property
    def title(self) -> str:
        """The title of the feeds."""
        return f"{'REHEARSAL, ' if self.is_rehearsal else ''}standings at {self.host}"

    @property
    def id(self) -> str:
        """An id that stays the same wherever the site is published."""
        return uuid5(NAMESPACE_URL, f"{self.base_url}/ {self.title}").urn

    def page(self, endpoint: str) -> str:
        """Return the place of an endpoint's evidence: absolute where the address is known."""
        return self.address + self.places.get(endpoint, f"status/#{anchor(endpoint)}")

    def is_fresh(self, assessment: Assessment) -> bool:
        """Return whether a claim may be made in the present tense."""
        return assessment.is_fresh(self.status.policy, self.today)

    def name(self, endpoint: str) -> str:
        """Return the titles of an endpoint's model, if it has one, and of its route."""
        model, route = split(endpoint)
        title = self.status.title_of(route)
        return title if model == NO_MODEL else f"{self.status.models[model].title}, {title}"

    def change(self, change: Change) -> str:
        """Return a change of standing in one line."""
        after, before = (one.replace("-", " ") for one in (change.after, change.before))
        return printable(f"{self.name(change.endpoint)}: {after}, was {before}")

    def claim(self, endpoint: str) -> str:
        """Return an endpoint's standing with its date, and whether that is old, in one phrase."""
        assessment = self.assessments[endpoint]
        word = assessment.standing.replace("-", " ")
        if assessment.seen_on is None:
            return word
        stale = "" if self.is_fresh(assessment) else " (stale)"
        return f"{word}{stale}, {assessment.seen_on}"
