"""Retest: published blocks as probes of a live target, to receipts and a change of the record.

`plan` says what to send, a `Session` sends it, `update` and `write` put it on record.
"""
