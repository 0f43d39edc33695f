"""Verify: runs published blocks in a harness and writes a receipt for each.

Import from the modules: a page that words a receipt need not load a sandbox.
"""
