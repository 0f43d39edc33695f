"""Verify: published blocks run on a bench, each to a receipt of what it proved.

Import from the modules: a page that words a receipt need not load a sandbox.
"""
