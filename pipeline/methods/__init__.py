"""Mathematics without input or output: arrays in, numbers out, every formula with its source.

No file, database, clock or table name belongs here; what a number means for a venue is decided before.
"""
