"""Telegram: updates taken in, letters sent."""
