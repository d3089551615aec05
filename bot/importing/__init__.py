"""Lists of people: read, checked, planned and taken in."""
