"""The flows, one file each: join, menu, check_in, stopping, language, help, talk.

Each begins with its rules, as a list that a safeguarding lead can read and hold us to; below them stand pure functions
from a state and what happened to a Step. Which event reaches which function is decided in `conversations.router` alone.
"""
