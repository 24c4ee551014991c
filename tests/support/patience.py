"""How long a test waits for what must come."""

from __future__ import annotations

PATIENCE = 120
"""Seconds. It only ends a hang: a busy machine may take ten times as long as a quiet one."""
