"""Whisper: anonymous reports in both networks, past the outbox and the main store."""
