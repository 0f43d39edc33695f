"""Trueup: developer docs for API routes that cannot say more than the evidence does."""

__version__ = "0.1.0"
