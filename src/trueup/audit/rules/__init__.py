"""Rules of the audit: each a function of what was read, to what it found."""
