"""Helpers that the providers' system tests import."""
