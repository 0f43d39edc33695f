"""Assistants: the words around the pages as Markdown, and in the lists of them."""

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
        """Labels of the link to a page's Markdown: its target, its copy action, and its success."""
        return (
            self._("This page as Markdown"),
            self._("Copy page as Markdown"),
            self._("Copied"),
        )

    def note(self, page: str, day: date, until: str | None) -> str:
        """Return the address and date of a page; `until` is the last date of its claims."""
        note = self._("[The page]({page}), as of {day}.").format(page=page, day=day)
        if until is None:
            return note
        later = self._("After {until}, its statements in the present tense may no longer hold.")
        return self.catalogue.join_sentences((note, later.format(until=until)))

    @property
    def pages(self) -> str:
        """The title of pages in no section."""
        return self._("Pages")

    @property
    def programs(self) -> str:
        """The title of the files for programs."""
        return self._("For programs")

    def files(self) -> dict[str, str]:
        """Return the description of each file for programs, by its name."""
        return {
            "status.json": self._("every standing, with the evidence behind it"),
            "status.schema.json": self._("the JSON Schema of that file"),
            "changes.json": self._("every change of standing, as a JSON Feed"),
            "changes.atom": self._("the same as an Atom feed"),
        }

    @property
    def whole(self) -> str:
        """The description of the file of all pages."""
        return self._("all pages in one file")
