"""The folder of a run: its log, its numbers, its model's card; written and read by one type."""
