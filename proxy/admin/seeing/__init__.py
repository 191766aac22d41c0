"""What the console's pages need beyond the questions of auditors: the live feed, one interaction whole, its tree."""
