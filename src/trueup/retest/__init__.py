"""Retest: published blocks as probes of a live target, to receipts and changes of the status file.

`plan` chooses the probes, a `Session` sends them, `update` and `write` record the results.
"""
