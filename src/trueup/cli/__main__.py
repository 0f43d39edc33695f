"""The commands, for `python -m trueup.cli`."""

from trueup.cli import main

main()
