"""Scenarios: what happens to an emulated module and its cloud, and when, written in a file."""
