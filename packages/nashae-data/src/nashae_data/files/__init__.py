"""Files, read without trust and written whole: the formats that data sets are published in."""
