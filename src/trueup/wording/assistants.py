"""Assistants: what is said around the pages as Markdown, and in the lists of them."""

from dataclasses import dataclass
from datetime import date

from babel import Locale

from trueup.wording.catalogue import Catalogue


@dataclass(frozen=True)
class AssistantLabels:
    """Labels and sentences in the language of a catalogue, as text that is Markdown too."""

    catalogue: Catalogue

    def _(self, message: str) -> str:
        return self.catalogue.gettext(message)

    @property
    def language(self) -> str:
        """The language's name, in itself."""
        return str(Locale.parse(self.catalogue.language).display_name)

    @property
    def labels(self) -> tuple[str, str, str]:
        """Of the link to a page's Markdown: what it leads to, what a click copies, and that it
        did."""
        return (
            self._("This page as Markdown"),
            self._("Copy page as Markdown"),
            self._("Copied"),
        )

    def note(self, page: str, day: date, until: str | None) -> str:
        """Where a page is and of which day; `until` is how long its claims can hold."""
        told = self._("[The page]({page}), as of {day}.").format(page=page, day=day)
        if until is None:
            return told
        later = self._("After {until}, what it says in the present tense may no longer hold.")
        return f"{told} {later.format(until=until)}"

    @property
    def pages(self) -> str:
        """The title of the pages that stand under no other."""
        return self._("Pages")

    @property
    def programs(self) -> str:
        """The title of what programs read."""
        return self._("For programs")

    def files(self) -> dict[str, str]:
        """What each file for programs is, by its name."""
        return {
            "status.json": self._("every standing, with the evidence behind it"),
            "status.schema.json": self._("the form of that file"),
            "changes.json": self._("every change of a standing, as a JSON Feed"),
            "changes.atom": self._("the same as an Atom feed"),
        }

    @property
    def whole(self) -> str:
        """What the file of all pages is."""
        return self._("all pages in one file")
