"""The sample school: plainly fictional people and two years of history."""
