"""A pupil's copy of all that is kept about them: gathered from the tables, put into words, written as one page."""
