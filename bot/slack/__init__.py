"""Slack: what staff press and type taken in, cards, modals and Home tabs sent."""
