"""What every metric stands on: checked inputs, samples, splits, intervals, results, the record."""
