"""The stand-in networks: a local Bot API, a local Slack, and one page that shows both.

Rehearsal is the outside world. It imports nothing of Earshot's and is reached over HTTP and WebSocket alone, as the
real networks are; it refuses what they refuse. Schools train their staff on it, and the end-to-end tests run on it.
"""
