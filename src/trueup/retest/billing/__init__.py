"""Billing: whether a gateway's ledger agrees on a call. It reads the ledger and never writes to it.

A `LedgerAccount` reads the ledger before a call and bills it afterwards; `reconcile` is the rule.
"""
