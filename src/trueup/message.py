"""Message: a problem, its place and the fix. Rendered, and never parsed back."""

from dataclasses import dataclass

from trueup.place import Place


@dataclass(frozen=True)
class Message:
    """`problem` is a clause without a full stop; `fix` is one or more sentences, or empty."""

    where: Place
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"

    @property
    def text(self) -> str:
        """`problem. Fix.`"""
        return f"{self.problem}. {self.fix}".rstrip()
