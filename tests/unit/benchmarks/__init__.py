"""Tests of how benchmark figures come from rows; nothing is measured here."""
